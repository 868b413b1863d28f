"""What people type in place of a language code, for the message that says so; imported by nothing else."""

# A tag, its name in English, then other names, and codes of countries that are taken for those of languages.
NAMES = """
af Afrikaans
ar Arabic
bg Bulgarian
bn Bengali
bs Bosnian
ca Catalan
cmn Mandarin
cs Czech Cesky Cz
cy Welsh
da Danish Dansk Dk
de German Deutsch
el Greek Gr
en English Gb Uk Us Usa
es Spanish Espanol Castellano Castilian
et Estonian
eu Basque
fa Persian Farsi
fi Finnish Suomi
fil Filipino
fr French Francais
ga Irish
gl Galician
he Hebrew
hi Hindi
hr Croatian
hu Hungarian Magyar
hy Armenian
id Indonesian
is Icelandic
it Italian Italiano
ja Japanese Nihongo Jp
ka Georgian
kk Kazakh
km Khmer
ko Korean
la Latin
lt Lithuanian
lv Latvian
mk Macedonian
ml Malayalam
mn Mongolian
mr Marathi
ms Malay
nl Dutch Nederlands Flemish
no Norwegian Norsk
nb Bokmal
nn Nynorsk
pa Punjabi
pl Polish Polski
pt Portuguese
pt-BR Brazilian
ro Romanian
ru Russian
sh Serbo-Croatian
sk Slovak
sl Slovenian
sq Albanian
sr Serbian
sv Swedish Svenska
sw Swahili
ta Tamil
te Telugu
th Thai
tl Tagalog
tlh Klingon
tr Turkish
uk Ukrainian Ua
ur Urdu
vi Vietnamese Vn
yue Cantonese
zh Chinese
"""


def nearest(typed: str) -> str:
    """Return up to three languages that a person may have meant, such as `de (German)`; empty where none is near."""
    from difflib import get_close_matches

    meant = {
        name.lower(): f"{tag} ({names[0]})" for tag, *names in map(str.split, NAMES.split("\n")[1:-1]) for name in names
    }
    name = typed.strip().lower()[:60]
    near = [name] if name in meant else get_close_matches(name, meant, n=3, cutoff=0.7)
    return " or ".join(dict.fromkeys(meant[name] for name in near))
