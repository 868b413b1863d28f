"""Names of tracks that are not the film's own sound, in the languages of those who name them.

A line is a language and its words, parted by commas: case and accents do not count, a hyphen is a space. Sources: names
in files of users' reports, the wording of broadcasters and streaming services, and the languages' own dictionaries.
What is left out on purpose: words for a voice-over or a narrator (`lektor`, `voice-over`, `narrated`), which may be the
only sound that a film or a documentary has, and `Commentator`, the person.
"""

# Whole words and phrases. What is written with the stems of ANYWHERE is not repeated here.
COMMENTARY = """
en: commentary, commentaries, rifftrax
fr: commentaire, commentaires, audiocommentaire
es: comentario, comentarios, audiocomentario, audiocomentarios
pt: comentário, comentários
it: commento, commenti, commento audio
ca: comentari, comentaris
ro: comentariu, comentarii, comentariul, comentariile
is: ummæli leikstjóra
fi: kommenttiraita, kommenttiraidat, kommentit, ohjaajan kommentit
el: σχόλια, σχολιασμός
tr: yorum, yorumu, yorumlar, yorumları, yorumlu
ar: تعليق, تعليقات
he: פרשנות, הערות הבמאי
fa: تفسیر
hi: कमेंट्री
vi: bình luận
"""

AUDIO_DESCRIPTION = """
en: audio description, audio descriptions, audio described, audio descriptive, descriptive audio, described audio
en: descriptive, described, descriptive video, described video, video description, scene description
en: for the blind, for blind, visually impaired, visual impaired, vision impaired, sight impaired
de: Audio Deskription, Hörfilm, Hörfilmfassung, Bildbeschreibung, für Blinde, Blinde und Sehbehinderte, Sehbehinderte
fr: audio décrit, audiodécrit, audiovision, pour aveugles, malvoyants
es: audio descripción, descripción de audio, para ciegos
pt: audio descrição, descrição de áudio
it: audio descrizione, descrizione audio, non vedenti
ro: audio descriere, descriere audio
nl: audio descriptie, audiobeschrijving, voor blinden, slechtzienden
et: kirjeldustõlge
pl: audio deskrypcja
cs: zvukový popis, audiopopis, audio popis, pro nevidomé
sk: pre nevidiacich, audiokomentár pre nevidiacich
sl: zvočni opis
hr: audio deskripcija, zvučni opis
hu: audionarráció, audio narráció, látássérülteknek
ru: аудиоописание, аудио описание, для незрячих
uk: аудіоопис, для незрячих
el: ακουστική περιγραφή, ηχητική περιγραφή
tr: sesli betimleme, sesli tasvir, görme engelliler
ar: وصف صوتي, الوصف الصوتي
he: תיאור קולי
fa: توضیح صوتی
hi: ऑडियो विवरण
id: deskripsi audio, audio deskripsi
vi: mô tả âm thanh
"""

KARAOKE = """
en: sing along, singalong
"""

ISOLATED_SCORE = """
en: isolated score, isolated music, isolated soundtrack, isolated music score, isolated score track, isolated effects
en: music only, score only, music and effects, music effects, m e, instrumental
de: isolierte Filmmusik, isolierte Musik, isolierter Score, isolierte Musikspur, nur Musik, reine Musikspur, Musikspur
fr: musique isolée, musique seule, partition isolée, piste musicale isolée, bande originale isolée, bande son isolée
es: música aislada, banda sonora aislada, pista de música aislada, sólo música, partitura aislada
pt: música isolada, trilha isolada, trilha sonora isolada, banda sonora isolada, só música
it: musica isolata, colonna sonora isolata, solo musica, solo colonna sonora
nl: geïsoleerde muziek, geïsoleerde score, alleen muziek
sv: isolerad musik, isolerad filmmusik, endast musik
da: isoleret musik, isoleret score, kun musik
no: isolert musikk, isolert filmmusikk, kun musikk
fi: eristetty musiikki, pelkkä musiikki
pl: izolowana muzyka, izolowana ścieżka muzyczna, sama muzyka, tylko muzyka
cs: izolovaná hudba, hudební stopa, pouze hudba
hu: izolált zene, csak zene
ru: изолированная музыка, только музыка, изолированный саундтрек
uk: ізольована музика, тільки музика, лише музика
tr: yalnızca müzik, sadece müzik, izole müzik
"""

# What takes the meaning back. The Arabic is the usual word for a voice-over.
DENIED = """
en: no commentary, no commentaries, without commentary, without commentaries, non commentary, not commentary
en: no audio description, without audio description, no description, non descriptive, not described, no karaoke
de: ohne Kommentar, ohne Kommentare, kein Kommentar, kommentarlos, ohne Audiodeskription, ohne Musikspur
fr: sans commentaire, sans commentaires, sans audiodescription
es: sin comentario, sin comentarios, sin audiodescripción
pt: sem comentário, sem comentários, sem audiodescrição
it: senza commento, senza commenti, senza audiodescrizione
nl: zonder commentaar, zonder audiodescriptie
sv: utan kommentar, utan kommentarer, utan syntolkning
da: uden kommentar, uden kommentarer, uden synstolkning
no: uten kommentar, uten kommentarer, uten synstolking
fi: ilman kommentteja, ei kommenttiraitaa, ilman kuvailutulkkausta
pl: bez komentarza, bez komentarzy, bez audiodeskrypcji
cs: bez komentáře, bez komentářů
hr: bez komentara
ru: без комментариев, без тифлокомментария
uk: без коментарів
ar: تعليق صوتي, التعليق الصوتي
"""

# Anywhere in the name; the first that is found decides. Stems of languages that inflect them or write compounds as
# one word (Regiekommentar, kommentarspår, synstolkning), and words of scripts without spaces between them.
ANYWHERE = """
denied: 解説なし, コメンタリーなし, 无评论, 無評論, 无解说, 無解說
audio_description: audiodescri, audiodeskri, syntolk, synstolk, kuvailutulk, äänikuvailu, audiodeskry
audio_description: тифло, аудиодескрип, аудіодескрип
audio_description: 音声ガイド, 音声解説, 視覚障害, 視覚障がい, 口述影像, 无障碍, 無障礙
audio_description: 화면해설, 화면 해설, 음성해설, 음성 해설
audio_description: เสียงบรรยายภาพ, คำบรรยายภาพ
karaoke: karaoke, караоке, καραόκε, كاريوكي, קריוקי, कराओके, カラオケ, 卡拉ok, 노래방, 가라오케, 伴奏, คาราโอเกะ
isolated_score: 音楽のみ, 音楽トラック, 劇伴のみ, 纯音乐, 純音樂, 音乐音轨, 音樂音軌, 独立配乐, 獨立配樂, 음악만
commentary: kommentar, komentar, commentaar, kommentaar, комментари, коментар
commentary: 解説, コメンタリ, 評論, 评论, 导评, 導評, 讲评, 講評, 导演解说, 導演解說, 演员解说, 演員解說
commentary: 코멘터리, 해설, คอมเมนทารี, ความเห็นผู้กำกับ
"""

# As they stand, in capitals: in small letters they are other words.
CAPITALS = "AD DVS"

# Which Chinese a track is in that the file only says is Chinese: ISO 639-2, and so all that ffmpeg writes to MP4 and
# most that it writes to Matroska, has no code for it.
CHINESE = """
yue: cantonese, 粵語, 粤语, 廣東話, 广东话, 廣州話, 广州话, 粵配, 粤配
cmn: mandarin, putonghua, 普通话, 普通話, 國語, 国语, 国配, 國配
"""
