"""How people send others to a contact, praise it, or warn of it, in each language. Patterns only, in small letters; see
`contacts`."""

from typing import Final

MESSENGERS: Final = (
    r"telegra\w{0,3}|\btg\b|whats?\s?app|\bwha?tsap\w{0,2}|\bwa\b|\binsta(?:gram)?\b|\big\b|\bsignal\b|snap\s?chat|discord|viber"
    r"|zalo|wickr|\bkakao|\bline\b|we\s?chat|weixin|\bvx\b|微信|薇信|威信|телеграм|\bтг\b|в[оа]т[сц]ап|вайбер|تل[يی]?[جگغ]رام|وات[سص]"
    r"|טלגרם|וו?אטסאפ|ווטסאפ|ไลน์|텔레그램|카톡|라인|テレグラム|ライン|व्हाट्सए|टेलीग्राम|টেলিগ্রাম|হোয়াটসঅ্যাপ"
)
# Others are told to write there. "I contacted him", "they want to message me" tells nobody anything.
INVITES: Final = (
    r"\b(?:(?<!\bi\s)(?<!\bwe\s)(?<!\ba\s)(?<!\bthe\s)(?<!\bmy\s)(?<!\bno\s)(?<!\bany\s)(?<!\bto\s)(?<!\byour\s)(?<!\bthis\s)"
    r"(?<!\bon\s)(?<!\bvia\s)(?<!\bby\s)(?<!\bin\s)"
    r"|(?:free|hesitate)\sto\s)\b(?:message|msg|dm|pm|inbox|text|contact|write|reach(?:\sout)?|hit\sup|hmu|chat|talk\sto|speak"
    r"\s(?:to|with)|consult|whats\s?app|look\sup|connect\swith)\b(?!\s(?:me|us)\b)|\bask\s(?:him|her|them)\show\b"
    r"|\b(?:schreibt|schreib(?:e|en\ssie)?\s(?:ihm|ihr|ihnen|an|@|\ue000)|kontaktier(?:t|en\ssie|e)|meldet\seuch|wendet\seuch|melde\sdich"
    r"|wende\sdich|fragt)\b|\b(?:escr[ií]b(?:an|e|[ea]d)(?:le|les|lo)?|cont[áa]ct(?:en|e|a|ad)(?:le|les|lo|la|los)?|m[áa]nd(?:en|e|a)le"
    r"|h[áa]bl(?:en|e|a)le|agr[ée]g(?:uen|a)(?:lo|la))\b|\b(?:cham[ae]m?|procur[ae]m?|contat[ae]m?|fal[ae]m?\scom|mand[ae]m?\s(?:mensagem"
    r"|msg|direct)|entr[ae]m?\sem\scontato)\b|\b(?:contact(?:ez|e)|[ée]cri(?:vez|s)|ajoutez|joignez|envoyez)(?:-l\w{1,3})?\b"
    r"|\b(?:scriv(?:ete|i)(?:gli|le)?|contatta(?:te)?(?:lo|la|li)?)\b|\b(?:stuur|app|schrijf|contacteer|neem\scontact)\b"
    r"|\b(?:napisz(?:cie)?|piszcie|skontaktuj\w*|odezwij\w*)\b|\b(?:yaz[ıi]n|ulaş[ıi]n|mesaj\sat\w*|iletişime\sgeç\w*)\b"
    r"|\b(?:hubungi|kontak|japri)\b|nhắn|liên\shệ|\b(?:i-?message|i-?dm|kontakin|i-?chat)\b"
    r"|\b(?:на)?пишите|\bобра(?:щай|ти)тесь|\bсвяжитесь|\b(?:на)?пишіть|\bзвер(?:тай|ні)т[еь]с[ья]|γράψτε|στείλτε|επικοινωνήστε"
    r"|راسل|تواصل|كلم(?:وا|ه)|پیام\sبد|تماس\sبگیر|כתבו|שלחו\sל|פנו\sאל|संपर्क\sकर|मैसेज\sकर|\b(?:sampark|baat)\skar"
    r"|যোগাযোগ\sকর|মেসেজ\sকর|ทัก|แอด|ติดต่อ|연락(?:하|해|주)|문의(?:하|해)|連絡(?:し|を)|メッセージを|联系|聯繫|私信|加(?:微|[vq]|他|她)"
)
# "Message me": of a customer to the brand as well.
TO_MYSELF: Final = (
    r"\b(?:message|msg|dm|pm|inbox|text|contact|write(?:\sto)?|chat|whats\s?app|reach(?:\sout\sto)?|ask|hit)\s(?:me|us)\b"
    r"|\b(?:schreib\w{0,2}|kontaktier\w{0,2})\s(?:mir|mich|uns)\b|\b(?:escr[ií]b(?:an|e)|cont[áa]ct(?:en|e))(?:me|nos)\b"
    r"|\b(?:me\scham|fal[ae]m?\scomigo)|(?:contactez|[ée]crivez)-(?:moi|nous)|\b(?:scriv(?:ete|i)|contatta(?:te)?)(?:mi|ci)\b"
    r"|\bпишите\s(?:мне|нам)|加我|私我"
)
# What is promised to whoever reads. A customer speaks of "my refund".
FOR_YOU: Final = (
    r"\b(?:help|assist|get|recover|refund)\syou\b|\b(?:recover|resolve|restore|unlock|fix|get|process)\syour\b"
    r"|\b(?:dein|euer|eure|ihr|tu|su|vos|votre|seu|sua|tuo|vostro|ваш)\w{0,2}\s(?:geld|konto|dinero|cuenta|argent|compte|dinheiro"
    r"|conta|soldi|conto|деньги|аккаунт)|帮(?:你|您)|為您|为您"
)
# It was won back, or somebody helped.
TESTIMONY: Final = (
    r"\b(?:recovered|retrieved|restored|unlocked|unbanned)\b|\bgot\s(?:\S+\s){0,5}back\b|\bhelped\s(?:me|us|my)\b"
    r"|\bg(?:o|e)t\sme\s(?:\S+\s){0,3}(?:refund|money)|zurück(?:geholt|bekommen|erhalten)|wieder(?:hergestellt|beschafft|bekommen)"
    r"|\b(?:mir|uns)\sgeholfen|\brecuper(?:ó|aron|ou|aram)\b|\bme\sayud(?:ó|aron)\b|\bme\sajud(?:ou|aram)\b|récupér[ée]|m['’]a\said"
    r"|\brecuperat|\bmi\sha\saiutat|terug(?:gekregen|gehaald)|\bmij?\sgeholpen|odzyska[lł]|pomóg[lł]|geri\s(?:aldı|getir)|kurtardı"
    r"|yardım(?:cı)?\s(?:etti|oldu)|(?:berhasil|bantu(?:in)?)\s.{0,30}(?:kembali|balik|pulih)|memulihkan|lấy\slại|khôi\sphục|giúp\s(?:tôi|mình)"
    r"|\b(?:nabawi|naibalik|natulungan)\b|верну(?:л|ли|ла)\b|восстанови(?:л|ли|ла)\b|\bпомог(?:ла|ли)?\b|поверну(?:в|ла|ли)\b"
    r"|відновив|відновила|допом(?:іг|огл)|ανέκτησ|με\sβοήθησε|استرجع|استرد|رج[ّ]?ع\sل|ساعدن|برگردوند|برگرداند|کمکم|החזיר|שחזר|עזר\sלי"
    r"|वापस\s(?:दिला|करा)|रिकवर\sकर|मदद\sकी|\b(?:wapas|vapas|recover)\s(?:dila|kara|kar\sd)|ফেরত\s(?:এনে|পাই)|উদ্ধার\sকর"
    r"|กู้.{0,20}(?:คืน|กลับ)|ช่วย.{0,30}คืน|찾아\s?(?:줬|주)|되찾|복구해\s?(?:줬|주)|取り戻|復旧して(?:くれ|もら)"
    r"|追回|找回|要回|帮我.{0,12}(?:回|退)|幫我.{0,12}(?:回|退)"
)
# What only swindlers promise, or say as if they were the support.
PROMISE: Final = (
    r"\b(?:fast|quick|instant|easy|immediate|guaranteed)\s(?:\w+\s)?refund|\brefunds?\s(?:\w+\s)?(?:fast|quick(?:ly)?|instantly)\b"
    r"|\brefund\s(?:agent|team|department|desk|unit|officer|expert|specialist|method)|\brecovery\s(?:expert|agent|service|specialist"
    r"|team|pro\b)|\bh[aä]cker|хакер|黑客|해커|ハッカー|هاكر|हैकर|\bno\squestions\sasked|\bask\s(?:him|her|them|me)\show\b"
    r"|\b(?:resolve|solve|recover|restore|unlock)\syour\b|\bassist\syou|sorry\sfor\s(?:the|any|your)\sinconvenience"
    r"|\bearn(?:ed|ing)?\s.{0,12}\d|\b(?:forex|bitcoin|crypto|kr[yi]pto|cripto|крипто)|\bgift\s?cards?\b.{0,40}\d\s?%"
    r"|schnelle\w{0,2}\s(?:rück)?erstattung|reembolso\srápido|remboursement\srapide|rimborso\s(?:rapido|veloce)|hızlı\siade"
    r"|refund\scepat|hoàn\stiền\snhanh|быстр\w{2,3}\sвозврат|快速退款|秒退|极速退款"
)
# Also said of the real support; enough only where nothing is asked or complained of.
MILD_PROMISE: Final = (
    r"\brefund|\bresolv|\bassist|\bhelp|\bsupport\s(?:agent|team|desk)|reembolso|remboursement|erstattung|rimborso|terugbetal"
    r"|\bzwrot|\biade\b|pengembalian|hoàn\stiền|возврат|повернен|استرداد|रिफंड|退款|환불|返金|คืนเงิน"
)
# In the phrase of what was won: "nobody helped me".
NEGATES: Final = (
    r"n['’]t\b|\b(?:never|not|nobody|no\sone|nothing|without|unable|until|nicht|kein\w{0,2}|niemand|nie|nunca|nadie|jam[áa]s|no|não|nem"
    r"|ninguém|ne|pas|jamais|personne|non|mai|nessuno|niet|nooit|niemand|geen|nikt|nigdy|değil|tidak|belum|gak|nggak|hindi|wala"
    r"|nahi|nahin|не|никто|ніхто|ні|δεν|לא|لم|لا|ما|نه)\b|không|chưa|नहीं|ไม่|못|않|없|ない|ません|なかっ|没|沒|不"
)
# Said anywhere: a warning, somebody who asks whether it is real, or a call to complain, to sue, or to press somebody.
WARNS: Final = (
    r"\b(?:beware|warning|scam\salert|impersonat\w*|pretend\w*|posing|phishing|avoid|watch\sout)\b|\b(?:be|stay)\s(?:safe|careful|aware)"
    r"|\b(?:don['’]?t|do\snot|never)\s(?:\w+\s)?(?:contact|message|dm|text|trust|send|pay|give|click|fall|reply|believe|use)\b"
    r"|\b(?:is|are)\b[^.!?\n]{0,80}\b(?:safe|legit|real|official|genuine|yours|true)\b[^.!?\n]{0,40}\?|\breally\syou\b"
    r"|\bis\s(?:this|that|it)\syou\b|\bis\b[^.!?\n]{0,60}\bscam\b[^.!?\n]{0,20}\?"
    r"|\b(?:boycott|petition|class\saction|law\s?suit|small\sclaims|ombudsman|regulator|trading\sstandards|consumer\s(?:court|forum"
    r"|protection|rights|council|association)|minister|mayor|senator|journalist|newspaper|ceo|founder|chairman|demand|complain|until"
    r"|tell\s(?:him|her|them)|let\s(?:him|her|them)\sknow|pressure|protest)\w{0,3}\b|#\w*(?:boycott|justice|scam|fraud|fail)"
    r"|\b(?:vorsicht|warnung|achtung|sammelklage|verbraucher(?:zentrale|schutz)|beschwer\w*|cuidado|ojo|atenci[óo]n|aten[çc][ãa]o"
    r"|denunci\w*|exij\w*|exig\w*|reclam\w*|profeco|procon|consumidor\w*|queja\w*|queixa\w*|attention|prudence|méfie\w*|consommateur\w*"
    r"|plainte|exigez|attenzione|consumator\w*|denunc\w*|reclamo|pas\sop|waarschuwing|klacht\w*|consumentenbond|uwaga|ostrzeg\w*|uokik"
    r"|skarg\w*|dikkat|şikayet\w*|tüketici|hati-?hati|waspada|ylki|komplain|ingat|mag-?ingat|осторожно|внимание|роспотребнадзор"
    r"|жал(?:об|уй)\w*|обережно|увага|скарг\w*|savdhan|dhyan)\b|προσοχή|καταγγελ|cẩn\sthận|cảnh\sbáo|khiếu\snại|احذر|تحذير|شكوى|حماية\sالمستهلك"
    r"|مراقب|هشدار|שימו\sלב|אזהרה|תלונה|सावधान|शिकायत|সাবধান|অভিযোগ|ระวัง|เตือน|ร้องเรียน|สคบ|주의|경고|조심|신고|소비자|불매"
    r"|注意|警告|消費者|不買|小心|警惕|当心|提醒|投诉|投訴|消协|12315|消费者|举报|曝光|维权|抵制"
)
# Somebody passes on what they were told. Who was helped in the end says so, too.
REPORTS: Final = (
    r"\b(?:said|says|told|telling|tells|asked|asking|asks|instruct\w*|claim(?:s|ed|ing)?|supposed(?:ly)?|someone|somebody)\b"
    r"|\b(?:got|get|getting|received|sent\sme)\s(?:this|a|an|such)\b|\bthis\s(?:message|mail|text|account|profile|person|number|user|guy)\b"
    r"|\b(?:sagt\w{0,2}|behauptet\w?|angeblich|jemand|dij(?:o|eron)|dicen|alguien|diss(?:e|eram)|alguém|disent|a\sdit|quelqu['’]un|dice|dicono"
    r"|qualcuno|zegt|zeggen|iemand|powiedzia\w*|ktoś|diyor\w*|dedi\w*|birisi|katanya|bilang|seseorang|sabi|raw|говорят|сказал\w*|кто-то"
    r"|кажуть|хтось|bola|kehte|koi)\b|\bbảo\b|nói\srằng|قال|يقول|گفت|אמרו|कहा|बोला|বলেছে|บอกว่า|라고|다고|と言|って言|说是|說是|声称|聲稱|自称|自稱"
)
# Somebody swindles, or it is not what it says.
SWINDLE: Final = (
    r"\b(?:scam\w*|fraud\w*|fake|stole|steal\w*|thie(?:f|ves)|liars?|crook\w*|criminal\w*|cheat\w*|bogus|suspicious|impersonat\w*"
    r"|phishing|beware|warning|betr[uü]g\w*|fälsch\w*|falsch\w*|estaf\w*|fals[oa]\w?|ladr\w*|golp\w*|arnaqu\w*|escro\w*|faux|truff\w*"
    r"|oplicht\w*|oszu[sk]\w*|fałszyw\w*|dolandır\w*|sahte|penipu\w*|palsu|manloloko|peke|мошенни\w*|обман\w*|фальшив\w*|шахра\w*"
    r"|dhokha|farzi)\b|\blừa\b|\bgiả\b|απάτ|ψεύτικ|نصاب|احتيال|مزيف|کلاهبردار|רמאי|הונאה|מזויף|धोखा|फर्जी|প্রতারক|ভুয়া|โกง|มิจฉาชีพ|ปลอม|사기|가짜"
    r"|詐欺|偽|骗|騙|假|诈|詐"
)
# In the contact's own phrase: that, or somebody denies it, or passes it on.
AGAINST: Final = (
    SWINDLE
    + r"|\b(?:block|report(?:ed)?|police|lawyer|ignor\w*|refus\w*|useless|said|says|told|asked\sme|claim\w*|never|not"
    r"|nobody|no(?!\squestions)|nicht|não|pas|non|niet|nep|nie|tidak|не|nahi)\b|n['’]t\b|नहीं"
)
# What came of it, told after the contact.
LOSS: Final = (
    r"\b(?:scamm?(?:ed|er|ers|ing)?|fraud\w*|fake|stole|stolen|thie(?:f|ves)|took\s(?:my|all|our|\W?\d)|blocked\sme|disappear\w*|vanish\w*|i\slost"
    r"|we\slost|robbed|ripped)\b|\b(?:betrogen|betrüger\w*|estafa\w*|golpe\w*|arnaqu\w*|truffat\w*|opgelicht\w*|oszuka\w*|dolandır\w*|penipu\w*)\b"
    r"|мошенни|обману|шахра|lừa|نصاب|کلاهبردار|धोखा|โกง|사기|詐欺|骗|騙"
)
# "If you were scammed": to whoever was, not of the contact.
CONDITION: Final = (
    r"\b(?:if|when|whoever|anyone\swho|everyone\swho|victims?\sof|wenn|falls|si|se|als|jeśli|eğer|kalau|jika|nếu|kung|если|якщо|agar)\b"
    r"[^.!?\n]{0,120}|如果[^。！？\n]{0,60}|(?:إذا|اگر|אם|अगर)[^.!?\n]{0,120}"
)
BUT: Final = (
    r"\b(?:but|and\sthen|until|aber|doch|sondern|pero|sino|mas|mais|ma|però|maar|ale|ama|fakat|tapi|namun|nhưng|pero|но|однако|але|lekin)\b"
    r"|αλλά|لكن|ولی|אבל|लेकिन|কিন্তু|แต่|하지만|지만|[는은]데|でも|けど|が、|但是?|不过"
)
