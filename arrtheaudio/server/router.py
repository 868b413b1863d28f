"""Which route a path and a method lead to."""

from collections.abc import Mapping, Sequence

from arrtheaudio.server.message import Refused
from arrtheaudio.server.route import Route

Found = tuple[Route, Mapping[str, str]]


class Router:
    """The routes, by path. A path that is written out comes before one with parameters (`/jobs/{id}`)."""

    def __init__(self, routes: Sequence[Route]) -> None:
        """Take the routes; ValueError where two answer the same."""
        self._exact: dict[str, dict[str, Route]] = {}
        self._open: dict[int, dict[tuple[str, ...], dict[str, Route]]] = {}
        for route in routes:
            methods = self._methods_of(route.path)
            if not methods.keys().isdisjoint(route.methods):
                raise ValueError(f"{route.path} is answered twice")
            methods |= dict.fromkeys(route.methods, route)

    def _methods_of(self, path: str) -> dict[str, Route]:
        if "{" not in path:
            return self._exact.setdefault(path, {})
        parts = tuple(path.split("/"))
        return self._open.setdefault(len(parts), {}).setdefault(parts, {})

    def find(self, method: str, path: str) -> Found:
        """Return the route and the parameters of its path; Refused with 404, or with 405 and what is allowed."""
        methods, parameters = self._find(path)
        route = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
        if route is None:
            allowed = ", ".join(_allowed(methods))
            raise Refused(405, "method_not_allowed", f"{path} knows {allowed}", {"Allow": allowed})
        return route, parameters

    def allowed(self, path: str) -> Sequence[str]:
        """Return the methods that a path knows; Refused with 404 where there is no such path."""
        return _allowed(self._find(path)[0])

    def _find(self, path: str) -> tuple[dict[str, Route], Mapping[str, str]]:
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        parts = path.split("/")
        for pattern, methods in self._open.get(len(parts), {}).items():
            parameters = _match(pattern, parts)
            if parameters is not None:
                return methods, parameters
        raise Refused(404, "not_found", "there is nothing at this path")


def _match(pattern: Sequence[str], parts: Sequence[str]) -> Mapping[str, str] | None:
    parameters = {}
    for expected, part in zip(pattern, parts, strict=True):
        if expected.startswith("{") and part:
            parameters[expected[1:-1]] = part
        elif expected != part:
            return None
    return parameters


def _allowed(methods: Mapping[str, Route]) -> Sequence[str]:
    return sorted({*methods, "HEAD"} if "GET" in methods else methods)
