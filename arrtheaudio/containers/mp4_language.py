"""The language code of an mdhd box: three packed letters of ISO 639-2/T, or a Macintosh number."""

_UNSPECIFIED = 0x7FFF
_PACKED = 0x400

# QTFF, Language Code Values, as ISO 639-2/T, from the first number on
_MACINTOSH = {
    0: "eng fra deu ita nld swe spa dan por nor heb jpn ara fin ell isl mlt tur hrv zho urd hin tha kor lit pol hun "
    "est lav sme fao fas rus zho nld gle sqi ron ces slk slv yid srp mkd bul ukr bel uzb kaz aze aze hye kat ron kir "
    "tgk tuk mon mon pus kur kas snd bod nep san mar ben asm guj pan ori mal kan tam tel sin mya khm lao vie ind tgl "
    "msa msa amh tir orm som swa kin run nya mlg epo",
    128: "cym eus cat lat que grn aym tat uig dzo jav sun glg afr bre iku gla glv gle ton grc kal aze nno",
}


def iso639_2t(code: int) -> str | None:
    """Return the ISO 639-2/T code of mdhd's 16 bits, None where they specify none."""
    if code == _UNSPECIFIED:
        return None
    if code >= _PACKED:
        return "".join(chr(0x60 + (code >> shift & 0x1F)) for shift in (10, 5, 0))
    for first, codes in _MACINTOSH.items():
        at = 4 * (code - first)
        if 0 <= at < len(codes):
            return codes[at : at + 3]
    return None
