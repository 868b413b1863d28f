"""What stands behind `language`: codes and the tags they mean, as text that is split once at import.

ISO 639-1, 639-2/B and 639-2/T as the registration authorities list them (Library of Congress), the individual
languages of ISO 639-3 that media files are tagged with, and the withdrawn or invented codes that are still met:
`cn` and `xx` are TMDB's, `pob` is Kodi's, `jap` and `esp` are people's. RFC 5646 grandfathers `zh-min-nan`.
"""

# A tag, then the other codes that mean it.
CODES = """
aa=aar ab=abk ae=ave af=afr ak=aka am=amh an=arg ar=ara as=asm av=ava ay=aym az=aze ba=bak be=bel bg=bul bh=bih bi=bis
bm=bam bn=ben bo=tib,bod br=bre bs=bos ca=cat ce=che ch=cha co=cos cr=cre cs=cze,ces cu=chu cv=chv cy=wel,cym da=dan
de=ger,deu dv=div dz=dzo ee=ewe el=gre,ell en=eng eo=epo es=spa,esp et=est eu=baq,eus fa=per,fas ff=ful fi=fin fj=fij
fo=fao fr=fre,fra fy=fry ga=gle gd=gla gl=glg gn=grn gu=guj gv=glv ha=hau he=heb,iw hi=hin ho=hmo hr=hrv,scr ht=hat
hu=hun hy=arm,hye hz=her ia=ina id=ind,in ie=ile ig=ibo ii=iii ik=ipk io=ido is=ice,isl it=ita iu=iku ja=jpn,jap
jv=jav,jw ka=geo,kat kg=kon ki=kik kj=kua kk=kaz kl=kal km=khm kn=kan ko=kor kr=kau ks=kas ku=kur kv=kom kw=cor ky=kir
la=lat lb=ltz lg=lug li=lim ln=lin lo=lao lt=lit lu=lub lv=lav mg=mlg mh=mah mi=mao,mri mk=mac,mkd ml=mal mn=mon
mr=mar ms=may,msa mt=mlt my=bur,mya na=nau nb=nob nd=nde ne=nep ng=ndo nl=dut,nld nn=nno no=nor nr=nbl nv=nav ny=nya
oc=oci oj=oji om=orm or=ori os=oss pa=pan pi=pli pl=pol ps=pus pt=por pt-BR=pob qu=que rm=roh rn=run ro=rum,ron,mo,mol
ru=rus rw=kin sa=san sc=srd sd=snd se=sme sg=sag sh=hbs si=sin sk=slo,slk sl=slv sm=smo sn=sna so=som sq=alb,sqi
sr=srp,scc ss=ssw st=sot su=sun sv=swe sw=swa ta=tam te=tel tg=tgk th=tha ti=tir tk=tuk tl=tgl tn=tsn to=ton tr=tur
ts=tso tt=tat tw=twi ty=tah ug=uig uk=ukr ur=urd uz=uzb ve=ven vi=vie vo=vol wa=wln wo=wol xh=xho yi=yid,ji yo=yor
yue=cn za=zha zh=chi,zho zu=zul zxx=xx
nan=zh-min-nan cmn=zh-guoyu hak=zh-hakka hsn=zh-xiang
"""

# Codes that are tags as they stand.
TAGS = """
ace ach acm ada ady afa afb afh ain akk ale alg aln als alt ang anp apa apc arb arc arn arp art arw ary arz ast ath
aus awa azb azj bad bai bal ban bas bat bej bem ber bho bik bin bla bnt bra btk bua bug byn cad cai car cau ceb cel
chb chg chk chm chn cho chp chr chy ckb cmc cmn cnr cop cpe cpf cpp crh crp csb cus dak dar day del den dgr din doi
dra dsb dua dum dyu efi egy eka ekk elx enm ewo fan fat fil fiu fon frm fro frr frs fur gaa gan gay gba gem gez gil
gmh goh gon gor got grb grc gsw gwi hai hak haw hil him hit hmn hsb hsn hup iba ijo ilo inc ine inh ira iro jbo jpr
jrb kaa kab kac kam kar kaw kbd kha khi khk kho kmb kmr kok kos kpe krc krl kro kru kum kut lad lah lam lez lol loz
ltg lua lui lun luo lus lvs mad mag mai mak man map mas mdf mdr men mga mic min mis mkh mnc mni mno moh mos mul mun
mus mvf mwl mwr myn myv nah nai nan nap nds new nia nic niu nog non npi nqo nso nub nwc nym nyn nyo nzi ory osa ota
oto paa pag pal pam pap pau pbt peo pes phi phn plt pon pra pro prs raj rap rar roa rom rup sad sah sai sal sam sas
sat scn sco sel sem sga sgn shn sid sio sit sla sma smi smj smn sms snk sog son srn srr ssa suk sus sux swc swh syc
syr tai tem ter tet tig tiv tkl tlh tli tmh tog tpi tsi tum tup tut tvl tyv udm uga umb und uzn uzs vai vot vro wak
wal war was wen wuu xal yao yap ydd ypk zap zbl zen zgh znd zsm zun zza
"""

# ISO 639-3 macrolanguages and the languages in them. Indonesian is left out of Malay, and Norwegian stands for Bokmål.
MACROLANGUAGES = """
ak=tw,fat ar=arb,arz,apc,ary,acm,afb az=azj,azb et=ekk,vro fa=pes,prs ku=kmr,ckb lv=lvs,ltg mg=plt mn=khk,mvf ms=zsm
ne=npi no=nn or=ory ps=pbt sh=bs,hr,sr,cnr sq=als,aln sw=swh,swc uz=uzn,uzs yi=ydd zh=cmn,yue,nan,hak,wuu,hsn,gan
"""

# The languages that a macrolanguage's own code nearly always means.
PRINCIPAL = "als arb azj cmn ekk khk lvs npi ory pbt pes plt swh uzn ydd zsm"

# RFC 5646, 2.2.2: the languages that an extended language subtag may follow.
EXTENDED = "ar kok lv ms sgn sw uz zh"

# ISO 15924 and ISO 3166-1, in lower case; 419 is Latin America.
SCRIPTS = "arab armn beng cyrl deva geor grek hang hans hant hebr jpan kore latn thai"
REGIONS = """
001 150 419
ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt bv bw by bz ca cc
cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et fi fj fk fm fo fr ga gb gd
ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh
ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw
mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc
sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug um us uy
uz va vc ve vg vi vn vu wf ws ye yt za zm zw
"""
