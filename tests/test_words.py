"""Names of tracks: as many that are the film's own sound as are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrtheaudio.core import words

COMMENTARY = """
Commentary
Commentary with Director Luc Besson
Director's Commentary
Audio Commentary by the cast & crew
Cast_and_Crew_Commentary
[Commentary] AAC 2.0
COMMENTARIES
Rifftrax
Kommentar
Regiekommentar
Audiokommentar mit Wolfgang Petersen
Kommentarspur
Commentaire audio du réalisateur
Commentaires de l'équipe
Comentario del director
Comentarios
Comentário do diretor
Commento del regista
Comentaris del director
Comentariul regizorului
Commentaar van de regisseur
Regisseurscommentaar
Kommentarspår
Regissörens kommentarer
Instruktørens kommentarspor
Regissørens kommentar
Ohjaajan kommentit
Kommenttiraita
Režissööri kommentaar
Komentarz reżysera
Z komentarzami twórców
Komentář režiséra
Režisérsky komentár
Redateljev komentar
Rendezői kommentár
Režisoriaus komentaras
Комментарии режиссёра
С комментарием съёмочной группы
Коментар режисера
Коментарі творців
Σχόλια του σκηνοθέτη
Yönetmen yorumu
تعليق المخرج
פרשנות הבמאי
कमेंट्री
Bình luận của đạo diễn
解説
オーディオコメンタリー
監督による解説
导演评论音轨
導演評論
코멘터리
감독 해설
คอมเมนทารีโดยผู้กำกับ
"""

AUDIO_DESCRIPTION = """
Audio Description
English Audio-Description
AudioDescription 2.0
Descriptive Audio
English - Descriptive
Described Video
For the Visually Impaired
English AD
[AD] Stereo
DVS
Audiodeskription
Hörfilmfassung
Deutsch (für Blinde)
Audiodescription
Audio décrit
Audiodescripción
Audiodescripcion
Audiodescrição
Audiodescrizione
Italiano per non vedenti
Audiodescriptie
Syntolkning
Synstolkning
Synstolket
Kuvailutulkkaus
Audiodeskrypcja
z audiodeskrypcją
Zvukový popis
Audionarráció
Тифлокомментарий
Аудиодескрипция
Аудіодескрипція
Ακουστική περιγραφή
Sesli Betimleme
وصف صوتي
音声ガイド
音声解説
口述影像
화면해설
เสียงบรรยายภาพ
"""

KARAOKE = """
Karaoke
Karaoke Version
Sing-Along
Sing Along Track
カラオケ
卡拉OK
노래방
Караоке
"""

ISOLATED_SCORE = """
Isolated Score
Isolated Music Score
Music Only
Music & Effects
M&E
Instrumental
Isolierte Filmmusik
Musikspur
Musique isolée
Banda sonora aislada
Trilha sonora isolada
Colonna sonora isolata
Только музыка
音楽のみ
纯音乐
"""

# The film's own sound.
NEITHER = """
Surround 5.1
Stereo
Mono
Main
Original
Director's Cut
Theatrical Cut
Unrated
Extended Edition
Commentator
Kommentator
Comentarista
Commentateur
Комментатор
The Commentariat
Comment
Comments off
English
English (US)
British English
Deutsch
Français
Français (Canada) VFQ
VFF 5.1
VO
Castellano
Español Latino
Português (Brasil)
Italiano AC3
Nederlands gesproken
Svenska
Suomi
Lektor PL
Polski Lektor IVO
Dubbing
Dub
Voice-over
Narrator
Narrated by David Attenborough
Thuyết minh
Magyar szinkron
Hangalámondás
Дубляж
Авторский (Гоблин)
Многоголосый закадровый
Дубльований
Türkçe Dublaj
تعليق صوتي
日本語
日本語 5.1ch
吹き替え
主音声
国语
粤语
普通话 DTS
한국어
한국어 더빙
ไทย
हिन्दी
DTS-HD MA 7.1
Dolby Atmos / TrueHD 7.1
E-AC-3 JOC
PCM 2.0 @ 48 kHz
DDP5.1-RARBG
AAC 192 kbps
Night mode
Compatibility Track
Remastered Audio
Score: 8.1
Soundtrack
Music of the Night
Effects of the War
Karol
Sing
Blind Fury
Description of a Struggle
ad-free
Adagio
Madrid
Advent
No commentary
Without commentary
Ohne Kommentar
Kommentarlos
Sans commentaires
Sin comentarios
Senza commento
Bez komentarza
Без комментариев
解説なし
Track 2
SoundHandler
1
---
★
"""


def names(text):
    return [pytest.param(name, id=ascii(name)) for name in text.strip().splitlines()]


@pytest.mark.parametrize("name", names(COMMENTARY))
def test_commentary(name):
    assert words.meaning(name) == "commentary"


@pytest.mark.parametrize("name", names(AUDIO_DESCRIPTION))
def test_audio_description(name):
    assert words.meaning(name) == "audio_description"


@pytest.mark.parametrize("name", names(KARAOKE))
def test_karaoke(name):
    assert words.meaning(name) == "karaoke"


@pytest.mark.parametrize("name", names(ISOLATED_SCORE))
def test_isolated_score(name):
    assert words.meaning(name) == "isolated_score"


@pytest.mark.parametrize("name", names(NEITHER))
def test_the_films_own_sound(name):
    assert words.meaning(name) is None


@pytest.mark.parametrize("name", [None, "", " ", "\0", "\u0301", "a" * 100_000, "a " * 20_000])
def test_a_name_that_says_nothing(name):
    assert words.meaning(name) is None


# Not the Thai and the Hindi ones: a vowel sign in capitals is itself.
@pytest.mark.parametrize("name", names(COMMENTARY))
def test_case_does_not_count(name):
    assert words.meaning(name.upper()) == "commentary"


@given(
    st.sampled_from(["Commentary", "Kommentar", "Audio Description", "Karaoke"]),
    st.sampled_from(["", " ", "- ", "_", "["]),
)
def test_what_stands_before_a_word_decides_nothing(name, before):
    assert words.meaning(f"English{before or ' '}{name}") == words.meaning(name)


OWN_WORDS = [
    pytest.param("Plauderei mit dem Regisseur", ("Plauderei",), "commentary", id="a word"),
    pytest.param("Plaudereien", ("Plauderei",), None, id="whole words only"),
    pytest.param("Staff Track 2", ("staff-track",), "commentary", id="a phrase"),
    pytest.param("Staff and Track", ("staff track",), None, id="a phrase stays together"),
    pytest.param("Commentary", ("Plauderei",), None, id="they take the place of those that ship"),
    pytest.param("Regiekommentar", ("Plauderei",), None, id="of their compounds too"),
    pytest.param("English AD", ("Plauderei",), None, id="of capitals too"),
    pytest.param("スタッフ座談会あり", ("座談会",), "commentary", id="a script without spaces"),
    pytest.param("Café chat", ("CAFE",), "commentary", id="case and accents"),
    pytest.param("A-B", ("- -", ""), None, id="words of nothing"),
]


@pytest.mark.parametrize(("name", "own", "expected"), OWN_WORDS)
def test_words_of_the_user(name, own, expected):
    assert words.meaning(name, own) == expected


CHINESE = [
    pytest.param("Cantonese", "yue", id="English"),
    pytest.param("粤语 DTS", "yue", id="simplified"),
    pytest.param("廣東話", "yue", id="traditional"),
    pytest.param("Mandarin 5.1", "cmn", id="Mandarin"),
    pytest.param("國語", "cmn", id="Mandarin in Chinese"),
    pytest.param("Cantonese / Mandarin", None, id="both"),
    pytest.param("中文", None, id="neither"),
    pytest.param(None, None, id="no name"),
]


@pytest.mark.parametrize(("name", "expected"), CHINESE)
def test_which_chinese_a_name_says(name, expected):
    assert words.chinese(name) == expected
