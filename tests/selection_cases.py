"""Files and what shall become of them, as a table; `test_choice.py` runs it and explains the notation.

A track is a language, then: `*` default, `!` forced, `-` disabled, `#c` flagged as commentary, `#v` for the visually
impaired, `/6` channels, `:dts` codec, `~Name` with `_` for a space. The wanted languages are the list as it stands.
"""

CASES = """
# The original language.
original becomes default             | en* ja             | original en   | ja  | change 2 original
original is default already          | ja* en             | original en   | ja  | keep 1 original
original is last                     | en* fr de ja       | original      | ja  | change 4 original
original in the middle of the list   | en* ja             | fr original en| ja  | change 2 original
original after a language that fits  | en ja*             | en original   | ja  | change 1 priority
list before original, right already  | en* ja             | en original   | ja  | keep 1 priority
original missing, the list decides   | en fr*             | original en   | ja  | change 1 priority
original missing, the list is content| en* fr             | original en   | ja  | keep 1 priority
original missing, list fits nothing  | fr* de             | original en   | ja  | none
original alone is wanted and missing | fr* de             | original      | ja  | none
original unknown, the list decides   | en ja*             | original en   |     | change 1 priority
original unknown, list is content    | en* ja             | original en   |     | keep 1 priority
original unknown and nothing else    | en* ja             | original      |     | none
original undetermined is unknown     | en* ja             | original en   | und | keep 1 priority
original is a code of any kind       | en* ja             | original      | jpn | change 2 original
original is a code, right already    | en ja*             | original en   | JPN | keep 2 original
original with a region               | en pt-BR*          | original en   | pt  | keep 2 original
original and list name one language  | en* ja             | original ja   | ja  | change 2 original
list does not have the original      | en ja*             | en            | ja  | change 1 priority
list without it, right already       | en* ja             | en            | ja  | keep 1 priority
silent film falls to the list        | en* ja             | original en   | xx  | keep 1 priority
silent film and no list              | en* ja             | original      | xx  | none
zxx track is no speech               | zxx en*            | original en   | xx  | keep 2 priority
many languages as original           | en* ja             | original en   | mul | keep 1 priority
misleading metadata does as told     | en* fr             | original en   | fr  | change 2 original
invented code is unknown             | en* ja             | original en   | q9  | keep 1 priority

# The list.
first of the list                    | en* ja             | ja en         |     | change 2 priority
first of the list, right already     | ja* en             | ja en         |     | keep 1 priority
second of the list                   | fr* en             | ja en         |     | change 2 priority
second of the list, right already    | fr en*             | ja en         |     | keep 2 priority
third of the list, right already     | fr de* en*         | ja ko de      |     | change 2 priority
third of the list, alone right       | fr de* en          | ja ko de      |     | keep 2 priority
third of the list                    | fr* de             | ja en de      |     | change 2 priority
nothing of the list                  | fr* de             | ja en         |     | none
nothing of the list, no default      | fr de              | ja en         |     | none
nothing is wanted                    | fr* de             |               |     | none
order of the file does not matter    | de fr en ja*       | fr ja         |     | change 2 priority

# One audio track, and none.
single is right                      | en*                | ja            |     | keep 1 single
single becomes default               | en                 | ja            |     | change 1 single
single and nothing wanted            | en                 |               |     | change 1 single
single undetermined                  | und*               | original en   | ja  | keep 1 single
single undetermined becomes default  | und                | original en   | ja  | change 1 single
single silent                        | zxx*               | en            |     | keep 1 single
single commentary                    | en~Commentary      | en            |     | change 1 single
single disabled                      | en*-               | en            |     | keep 1 single
single forced                        | en*!               | en            |     | change 1 single
no audio                             |                    | en            |     | none

# Several of one language.
default one stays                    | en en*             | en            |     | keep 2 priority
default beats channels               | en*/2 en/6         | en            |     | keep 1 priority
channels where none is default       | en/2 en/6          | en            |     | change 2 priority
channels where another one is default| fr* en/2 en/6      | en            |     | change 3 priority
codec where channels are alike       | fr* en/6:ac3 en/6:truehd | en      |     | change 3 priority
channels beat codec                  | fr* en/6:ac3 en/2:truehd | en      |     | change 2 priority
lossless are alike                   | fr* en:flac en:truehd | en         |     | change 2 priority
pcm of any kind is lossless          | fr* en:eac3 en:pcm_s24le | en      |     | change 3 priority
pcm is no better than flac           | en:pcm_s16le en*:flac | en         |     | keep 2 priority
unknown codec comes last             | fr* en:cook en:mp3 | en            |     | change 3 priority
unknown channels come last           | fr* en/0 en/1      | en            |     | change 3 priority
file order breaks the tie            | fr* en en          | en            |     | change 2 priority
two defaults of the language         | en* en*            | en            |     | change 1 priority
default of another language too      | en* ja*            | ja            |     | change 2 priority
all are default                      | de* fr* en*        | en            |     | change 3 priority
none is default                      | de fr en           | en            |     | change 3 priority
channels first                       | en*/2 en/6         | en            |     | change 2 priority | channels
channels first, right already        | en/2 en*/6         | en            |     | keep 2 priority   | channels
codec first                          | en*:ac3/6 en:flac/2| en            |     | change 2 priority | codec
codec first, right already           | en:ac3/6 en*:flac/2| en            |     | keep 2 priority   | codec
no order but the file's              | en en*/6           | en            |     | change 1 priority | none
no order but the file's, right       | en* en/6           | en            |     | keep 1 priority   | none
default is the last criterion        | en*/6 en/6         | en            |     | keep 1 priority   | channels,default

# Commentaries and their like.
commentary by name                   | en*~Commentary en  | en            |     | change 2 priority
commentary by name, main is default  | en*~Main en~Director's_Commentary | en |  | keep 1 priority
commentary by flag                   | en*#c en           | en            |     | change 2 priority
commentary by flag, main is default  | en#c en*           | en            |     | keep 2 priority
commentary has more channels         | en/2 en/6~Commentary | en          |     | change 1 priority
commentary in German                 | de*~Audiokommentar de | de         |     | change 2 priority
commentary in Japanese               | ja*~解説 ja        | ja            |     | change 2 priority
commentary in Japanese, right already| ja~オーディオコメンタリー ja* | ja   |     | keep 2 priority
commentary in French, right already  | fr*~VFF fr~Commentaires | fr       |     | keep 1 priority
voice-over is no commentary          | pl*~Lektor pl      | pl            |     | keep 1 priority
narration is no description          | en*~Narrated_by_Attenborough en | en | | keep 1 priority
commentary that is denied            | en*~Main_(no_commentary) en | en    |     | keep 1 priority
surround is no commentary            | en*~Surround_5.1 en| en            |     | keep 1 priority
director's cut is no commentary      | en*~Director's_Cut en | en         |     | keep 1 priority
audio description by name            | en*~Audio_Description en | en      |     | change 2 priority
audio description by flag            | en*#v en           | en            |     | change 2 priority
audio description is not default     | en* en~Audio_Description | en      |     | keep 1 priority
karaoke                              | ja*~Karaoke ja     | ja            |     | change 2 priority
karaoke is not default               | ja~Karaoke ja*     | ja            |     | keep 2 priority
isolated score has more channels     | en/6~Isolated_Score en*/2 | en     |     | keep 2 priority
isolated score                       | en*~Isolated_Score en | en         |     | change 2 priority
isolated score is not default        | en*~Stereo en~Isolated_Score | en  |     | keep 1 priority
disabled                             | en*- en            | en            |     | change 2 priority
disabled is not default              | en- en*            | en            |     | keep 2 priority
original only as commentary          | en* ja~Commentary  | original en   | ja  | keep 1 priority
original only disabled               | en* ja-            | original en   | ja  | keep 1 priority
main fits nothing, a commentary would| ja en*~Commentary  | en            |     | none
nothing but commentaries             | en~Commentary ja*~Commentary | en  |     | change 1 priority
nothing but commentaries, right      | en*~Commentary ja#c| en            |     | keep 1 priority
words of the user                    | en*~Plauderei en   | en            |     | change 2 priority | words=plauderei
words of the user alone              | en*~Commentary en  | en            |     | keep 1 priority   | words=plauderei
flags beside the user's words        | en*#c en           | en            |     | change 2 priority | words=plauderei

# Codes, families, regions.
bibliographic code is wanted         | en* de             | ger           |     | change 2 priority
bibliographic code, right already    | en de*             | ger           |     | keep 2 priority
terminological code, right already   | de* en             | deu           |     | keep 1 priority
terminological code is wanted        | en* de             | deu           |     | change 2 priority
region in the file                   | en* de-DE          | de            |     | change 2 priority
region in the file, right already    | de-DE* de          | de            |     | keep 1 priority
region of another kind               | en* de-DE          | de-AT         |     | change 2 priority
Brazilian before Portuguese          | en* pt pt-BR       | pt-BR         |     | change 3 priority
Brazilian, right already             | pt pt-BR*          | pt-BR         |     | keep 2 priority
Portugal's stays for want of it      | en pt-PT*          | pt-BR         |     | keep 2 priority
Brazilian, plain Portuguese default  | pt* pt-BR          | pt-BR         |     | change 2 priority
Brazilian, plain before Portugal's   | en* pt-PT pt       | pt-BR         |     | change 3 priority
Brazilian, Portugal's for want of it | en* pt-PT          | pt-BR         |     | change 2 priority
Portuguese of any region             | en* pt-BR          | por           |     | change 2 priority
Portuguese of any region, right      | pt-PT pt-BR*       | pt            |     | keep 2 priority
Kodi's code for Brazilian            | en* pt-PT pt-BR    | pob           |     | change 3 priority
Latin American                       | en* es-ES es-MX    | es-419        |     | change 3 priority
Spain's Spanish                      | en* es-419 es-ES   | es-ES         |     | change 3 priority
Cantonese exactly                    | zh* yue            | original      | cn  | change 2 original
Cantonese exactly, right already     | zh yue*            | original      | cn  | keep 2 original
Cantonese as Chinese                 | en* zh             | original      | cn  | change 2 original
Cantonese as Chinese, right already  | en zh*             | original      | cn  | keep 2 original
Cantonese is not Mandarin            | en* cmn            | original en   | cn  | keep 1 priority
Hong Kong speaks Cantonese           | zh* zh-HK          | original      | cn  | change 2 original
Chinese named Cantonese              | zh*~Mandarin zh~Cantonese | original | cn | change 2 original
Chinese named in Chinese             | zh*~国语 zh~粤语   | original      | cn  | change 2 original
Chinese named, right already         | zh*~Cantonese zh~Mandarin | original | cn | keep 1 original
Mandarin named                       | zh*~Cantonese zh~Mandarin | original | zh | change 2 original
Mandarin named, right already        | zh~Cantonese zh*~Mandarin | original | zh | keep 2 original
Mandarin is Chinese                  | en* cmn            | original      | zh  | change 2 original
Mandarin is Chinese, right already   | en cmn*            | original      | zh  | keep 2 original
two Chinese, the default one stays   | zh zh*             | original      | zh  | keep 2 original
two Chinese for Cantonese            | zh zh*             | original      | cn  | keep 2 original
Chinese before Cantonese             | yue* zh            | chi           |     | change 2 priority
Cantonese counts as Chinese          | en* yue            | zho           |     | change 2 priority
Mandarin before Cantonese            | yue* cmn           | zh            |     | change 2 priority
Norwegian is Bokmal                  | en* nb             | nor           |     | change 2 priority
Bokmal is Norwegian                  | en* no             | nb            |     | change 2 priority
Nynorsk counts                       | en* nn             | no            |     | change 2 priority
Nynorsk counts, right already        | en nn*             | no            |     | keep 2 priority
Bokmal before Nynorsk                | nn* nb             | no            |     | change 2 priority
Norwegian, right already             | no* nb             | nb            |     | keep 1 priority
Norwegian, Danish is default         | da* sv             | nb            |     | none
Danish is not Norwegian              | da* en             | no            |     | none
Filipino is Tagalog                  | en* fil            | tgl           |     | change 2 priority
Tagalog, right already               | en tl*             | fil           |     | keep 2 priority
Serbo-Croatian is Serbian            | en* sr             | sh            |     | change 2 priority
Serbo-Croatian, right already        | hr* sr             | sh            |     | keep 1 priority
Serbo-Croatian is Montenegrin        | en* cnr            | sh            |     | change 2 priority
Croatian as Serbo-Croatian           | en* sh             | scr           |     | change 2 priority
Croatian exactly                     | sh* hr             | hr            |     | change 2 priority
Croatian is not Serbian              | sr* en             | hr            |     | none
old Serbian code                     | en* sr             | scc           |     | change 2 priority
Hebrew's withdrawn code              | en* he             | iw            |     | change 2 priority
Hebrew's withdrawn code, right       | he* en             | iw            |     | keep 1 priority
French is not Breton                 | br* en             | fr            |     | none
Afrikaans is not Dutch               | af* en             | nl            |     | none
Ukrainian is not Russian             | ru* en             | uk            |     | none
Min Nan is not Mandarin              | nan* en            | cmn           |     | none
Moldavian is Romanian                | en* ro             | mo            |     | change 2 priority
Moldavian is Romanian, right already | en ro*             | mol           |     | keep 2 priority
Arabic of one kind                   | en* arb            | ar            |     | change 2 priority
Arabic of one kind, right already    | arz* en            | ar            |     | keep 1 priority
Arabic of two kinds                  | arz* en            | apc           |     | none
Catalan is not Spanish               | ca* en             | es            |     | none
Indonesian is not Malay              | id* en             | ms            |     | none
Swiss German is not German           | gsw* en            | de            |     | none
local use matches nothing            | qaa* en            | qaa           |     | none
uncoded matches nothing              | mis* en            | mis           |     | none
several languages match nothing      | mul* en            | mul           |     | none
undetermined matches nothing         | und* und           | und           |     | none
script says nothing of speech        | en* sr-Latn        | sr            |     | change 2 priority
script that is wanted                | zh-Hans* zh-Hant   | zh-Hant       |     | change 2 priority
script that is wanted, right already  | zh-Hans zh-Hant*   | zh-Hant       |     | keep 2 priority

# Undetermined.
lone und is the original             | en* und            | original en   | ja  | change 2 original
lone und is the original, right      | en und*            | original en   | ja  | keep 2 original
original track before a lone und     | und* ja            | original      | ja  | change 2 original
two und are nothing                  | und* und en        | original en   | ja  | change 3 priority
two und, right already               | und und en*        | original en   | ja  | keep 3 priority
lone und and original unknown        | und* en            | original en   |     | change 2 priority
lone und beside a commentary         | en* und und~Commentary | original  | ja  | change 2 original
lone und counts for the list         | fr* und            | ja            | ja  | change 2 priority
lone und ignored                     | en* und            | original en   | ja  | keep 1 priority   | und=ignore
lone und ignored, nothing fits       | fr* und            | original      | ja  | none              | und=ignore
lone und as a code                   | fr* und            | en            |     | change 2 priority | und=eng
lone und as an unwanted code         | fr* und            | ja            |     | none              | und=eng
lone und as a code, real one first   | und* en            | en            |     | change 2 priority | und=eng
uncoded is not undetermined          | en* mis            | original en   | ja  | keep 1 priority

# Dispositions.
stray forced on another track        | en* ja!            | en            |     | change 1 priority
stray forced on the chosen track     | en*! ja            | en            |     | change 1 priority
stray forced, nothing fits           | en*! fr            | ja            |     | none
commentary loses default             | en* en*~Commentary | en            |     | change 1 priority
others keep default                  | en* ja*            | en            |     | keep 1 priority   | exclusive=false
nothing fits, two defaults           | de* fr*            | en            |     | none
nothing fits, a commentary is default| de fr*~Kommentar   | en            |     | none
others keep default, one is added    | en* ja             | ja            |     | change 2 priority | exclusive=false
"""
