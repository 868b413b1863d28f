"""The languages of Sonarr and Radarr, which both name alike in English; their numbers mean another in each."""

from arrtheaudio.core import language

# As `Language.cs` has them, Sonarr 5 included. `Unknown`, `Any` and `Original` are none.
_NAMES = """
Afrikaans=af Albanian=sq Arabic=ar Azerbaijani=az Bengali=bn Bosnian=bs Bulgarian=bg Catalan=ca Chinese=zh Croatian=hr
Czech=cs Danish=da Dutch=nl English=en Estonian=et Finnish=fi Flemish=nl-BE French=fr Georgian=ka German=de Greek=el
Hebrew=he Hindi=hi Hungarian=hu Icelandic=is Indonesian=id Italian=it Japanese=ja Kannada=kn Korean=ko Latvian=lv
Lithuanian=lt Macedonian=mk Malay=ms Malayalam=ml Marathi=mr Mongolian=mn Norwegian=no Persian=fa Polish=pl
Portuguese=pt Romanian=ro Romansh=rm Russian=ru Serbian=sr Slovak=sk Slovenian=sl Spanish=es Swedish=sv Tagalog=tl
Tamil=ta Telugu=te Thai=th Turkish=tr Ukrainian=uk Urdu=ur Uzbek=uz Vietnamese=vi
"""
_TAGS = {name.lower(): tag for name, _, tag in (word.partition("=") for word in _NAMES.split())}
_TAGS |= {"portuguese (brazil)": "pt-BR", "spanish (latino)": "es-419"}


def of_name(name: str) -> str | None:
    """Return the tag of a language that a webhook names; None where it names none."""
    return _TAGS.get(name.strip().lower())


def of_code(code: str) -> str | None:
    """Return the tag of a script's ISO 639-2/T code; None where it is none.

    Radarr has an empty one for Brazilian Portuguese, and both say `por` or `spa` where a webhook knows the region.
    """
    tag = language.tag(code) if code else language.UNDETERMINED
    return None if tag == language.UNDETERMINED else tag
