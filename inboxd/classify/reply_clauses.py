"""
Who is to do what, sentence by sentence: the grammar of a reply, as far as patterns can tell it.

The lists of words know what their authors have read. Grammar is a smaller world: an imperative
beside a channel sends somebody away whatever the verb is, and a first person in the future
promises. The patterns see :func:`promised.lowered` text; every repetition in them is bounded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inboxd.classify.promised import lowered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from inboxd.classify.promised import Phrase
    from inboxd.model import Evidence

_END = re.compile(r"[!?…\n]|(?<!\d)\.(?=\s|$)")

_EN_DO = (
    r"call|ring|phone|e-?mail|mail|write|contact|message|dm|text|visit|check|see|use|go|head|fill|"
    r"complete|submit|raise|report|ask|speak|talk|try|log|sign|click|tap|follow|open|send|drop|get|"
    r"reach|take|bring|pop|consult|refer|look|find|download|read|book|apply|register|request|return|"
    r"turn|address|direct|give|pick|choose|search|scan|enter|approach|file|lodge|claim|order"
)
_EN_WHO = (
    r"he|she|they|someone|somebody|(?:\w{1,15} )?(?:team|colleagues?|manager|agents?|advis[eo]rs?|specialist|"
    r"engineer|technician|driver|courier|department|warehouse|staff|depot|office|support|service)"
)
_DE_WHO = (
    r"kolleg\w{1,4}|team|technik\w{0,4}|kundenservice|kundendienst|fahrer\w{0,2}|zusteller\w{0,2}|bote|"
    r"er|jemand|chef\w{0,3}|leit\w{1,5}|lager|werkstatt|abteilung|buchhaltung|monteur|berater\w{0,2}"
)
_DE_NO_ACT = (
    r"haben|habe|hatten|hätten|sind|bin|waren|können|kann|könnten|möchten|möchte|bedauern|danken|danke|"
    r"freuen|freue|entschuldigen|verstehen|verstehe|bitten|bitte|empfehlen|empfehle|hoffen|hoffe|brauchen|"
    r"brauche|benötigen|wünschen|wünsche|müssen|muss|dürfen|darf|wissen|weiß|raten|führen|bieten|wollten|"
    r"mögen|sollen|öffnen|schließen|akzeptieren|nehmen|liefern|verkaufen|die|eine|keine|alle|diese|gerne|"
    r"heute|bitte|wenn|ohne|ihre|unsere|hier"
)
_RU_WHO = (
    r"он|она|они|коллег\w{1,3}|менеджер\w{0,2}|специалист\w{0,2}|мастер\w{0,2}|курьер\w{0,2}|водител\w{1,2}|"
    r"отдел|сотрудник\w{0,2}|администратор\w{0,2}|склад|служба|бухгалтери\w|управляющ\w{2}|оператор\w{0,2}"
)
_UK_WHO = (
    r"він|вона|вони|колег\w{1,3}|менеджер\w{0,2}|фахів\w{2,3}|спеціаліст\w{0,2}|майст\w{1,3}|кур'єр\w{0,2}|"
    r"водій|водії|відділ|співробітник\w{0,2}|адміністратор\w{0,2}|склад|служба|бухгалтері\w|оператор\w{0,2}"
)
_RU_BEGINS = r"(?:по|про|пере|при|от|вы|за|до|раз|рас|у|об|на|с|со|из|ис|воз|вос|в)"
_UK_BEGINS = r"(?:по|про|пере|при|від|ви|за|до|роз|у|об|на|з|зі|с|під|над|в)"
# With a prefix the present's endings mean the future, but for -аем and the like, which stay present.
_RU_SHALL = rf"{_RU_BEGINS}\w{{1,14}}(?:им|(?<![аяую])ем|[лдн]ю|[шчжщтд]у)(?:ся|сь)?"
_UK_SHALL = rf"{_UK_BEGINS}\w{{1,14}}(?:имо|їмо|емо|(?<![аяую])ємо|[лдн]ю|[шчжщтд]у|(?<![аяую])єм)(?:ся|сь)?"
_RU_THEY = rf"{_RU_BEGINS}\w{{1,14}}(?:[ия]т|ат|(?<![аяыую])ет|(?<![аяыую])ут|(?<![аяы])ют)(?:ся)?"
_UK_THEY = rf"{_UK_BEGINS}\w{{1,14}}(?:ить|їть|[яау]ть|(?<![аяу])ють|(?<=[ую])є|(?<=[днтчшжлсзрг])е)(?:ся)?"

# Each cue of each language; (?:…) around it and word boundaries are added.
_RAW: Mapping[str, Mapping[str, str]] = {
    "en": {
        "ask": rf"(?:please|pls|plz|kindly|just|simply|then|or|and) (?:{_EN_DO})|^\W{{0,3}}(?:hi|hey|hello)?\W{{0,3}}(?:{_EN_DO})"
        r"|you (?:can|could|may|should|must|need to|have to|want to|might|would (?:need|have) to|will need to)"
        r"|you'(?:ll|d) (?:need|have|want) to|you'd (?:better|be best)|best (?:to|bet)|we'?d? (?:recommend|suggest|advise)"
        r"|needs? to be (?:\w{1,12} )?(?:by|through|via|with|at|in)",
        "spare": r"(?:no|without) need|(?:don't|do not|needn't|needn't|won't) (?:need|have) (?:to|the|a|any)|nothing (?:you need|to do)",
        "refuse": r"(?:can't|cannot|can not|unable to|don't|do not|not able to) (?:help|see|access|deal|handle|discuss|comment|do|process|change|take|answer|resolve|give)"
        r"|(?:not|isn't|aren't) (?:ours|us|our|up to us|something we|monitored|able)|nothing to do with us|out of our|between you and|up to (?:the|your|them)|a matter for|a question for|handled by|dealt with by|run by|responsib\w{2,5}|decided? by",
        "we": r"we|i|we're|i'm|we'll|i'll|we've|i've|our end",
        "shall": r"(?:we|i)(?:'ll| will| shall| are going to| am going to|'re going to|'m going to)(?! not| never| be (?:closed|open))",
        "doing": r"(?:we're|we are|i'm|i am|am|are) (?:(?:\w{1,10}ly|now|already|just|still|currently|all) ){0,2}(?!sorry)\w{2,14}ing",
        "others": rf"(?:{_EN_WHO})(?:'ll| will| is going to| are going to|'s going to)(?! not)",
        "receive": r"you(?:'ll| will| should| can expect to) (?:then |also |soon )?(?:get|have|receive|hear|see|be)",
        "passive": r"(?:will|shall|'ll|going to|should) (?:then |also |soon )?be (?:\w{2,10}ly )?\w{2,14}(?:ed|en|nt|ught|de|ck|ut|id|ept|ost)|being \w{2,14}(?:ed|en|nt|ught|de)",
        "thing": r"(?:it|this|that|these|parcels?|orders?|packages?|delivery|refunds?|money|items?|replacement|stock|price|shop|store|\w{2,12}s)(?:'ll| will)(?! not)",
        "let": r"let (?:me|us)|leave (?:it|this|that) with|bear with|(?:i|we) promise|on it\b|get back to|back to you|in touch",
        "usual": r"usually|normally|typically|generally|as a rule|always|every (?:\w{1,10} )?\w{2,10}|each \w{2,10}|on \w{3,8}days|open|closed|(?:it|delivery|shipping|we) (?:takes?|ships?|delivers?|runs?|restocks?)|takes? (?:up to )?\d",
        "knows": r"(?:can|could|will|would|'ll|are able to|is able to|be able to) (?:\w{2,10}ly |also |then )?(?:help|assist|tell|advise|explain|answer|guide|point|walk)|(?:best|right) (?:person|people|place|one)|one for|take (?:it|this|that|them) (?:to|up|back)|knows?|deals? with|looks? after",
        "located": r"(?:listed|stated|shown|explained|described|written|published|covered|found|set out|displayed|available|reached|reachable|only possible|made|done|on display) (?:on|in|at|by|under|via|through|with|during|here)|is (?:all )?(?:on|in|under) (?:the|our|your|page|section)|are (?:all )?(?:on|in|under) (?:the|our|your|page|section)|as stated|see (?:page|section|there|our|the)|section \d|page \d",
        "goes": r"(?:is|are) being|gets? \w{2,14}(?:ed|en|nt|ut)|(?:goes|go|comes|come) (?:back|out|onto|on|to|off|with|up)|on (?:us|me|the house|its way)|free of charge|you get|expect (?:a|an|it|your|to|the)|(?:we|i) (?:refund|replace|repair|send|credit|add|swap|exchange|take|pay|cover|fix|reship|waive|deliver|collect)|is dealt|in hand|consider it",
        "hearsay": r"according to|says|said|automatic\w{0,6}|by itself|by themselves|tracking|scanned|shows",
        "they": r"(?:they|he|she|someone|somebody)'?(?:ll| will)? (?:\w{2,10}ly |also |then )?(?:replace|swap|put|book|look|take|sort|fix|mend|repair|call|ring|check|issue|print|send|help|give|exchange|refund)",
        "not": r"won't|will not|not going to|never",
        "if": r"if|once|when|as soon as|after|until|the moment",
        "done": r"(?:we|i)(?:'ve| have) (?:\w{2,10} )?\w{2,14}(?:ed|en|nt|ught|de|ne)|has been|have been|was|were",
    },
    "de": {
        "ask": r"(?!wenn|haben|falls|dass|ob|und|oder|da|was|wie|damit|sobald|bevor|für|an|bis|ohne|um)\w{2,14}(?:en|rn|ln) sie|bitte (?:\w{1,14} ){0,3}\w{2,16}en"
        r"|(?:schreib|ruf|meld|wend|schick|frag|geh|schau|nutz|klick|lies|besuch|komm|bring|füll|sende|gib|nimm|lass|such|probier|guck|log|trag|wähl|scann|reich|stell|öffn|lad)(?:e|t|en)?"
        r"|(?:sie|du|ihr) (?:können|müssen|sollten|kannst|musst|solltest|könnt|müsst)|(?:können|müssen|sollten) sie|(?:kannst|musst) du|am besten|wir (?:empfehlen|raten|bitten)"
        r"|ist (?:\w{1,12} ){0,3}zu (?:melden|richten|stellen|klären|beantragen)|\w{3,16}en (?:sie )?(?:nur|bitte|ausschließlich) (?:über|per|im|in|an|bei|beim|unter)",
        "spare": r"nicht (?:nötig|notwendig)|kein\w{0,2} (?:\w{2,14} )?nötig|brauchen sie (?:nicht|nichts|kein\w{0,2})|brauchst du (?:nicht|nichts|kein\w{0,2})|müssen (?:sie )?(?:nichts|nicht)|musst (?:du )?(?:nichts|nicht)|braucht es nicht|nichts weiter",
        "refuse": r"(?:können|kann|dürfen) (?:wir|ich)?\s?(?:\w{1,14} ){0,4}(?:nicht|nichts|leider)|nicht zuständig|nicht (?:bei|von|durch) uns|nichts zu tun|liegt (?:nicht )?bei|ist sache|zuständig (?:ist|sind)|macht (?:der|die|das)|entscheidet|erledigt (?:der|die|das)|läuft über|laufen über|geht nur|gehen nur",
        "we": r"wir|ich|uns|mir",
        "shall": r"(?:wir|ich) (?:werden?|wollen)|(?:werden wir|werde ich)",
        "doing": rf"(?:wir|ich) (?!{_DE_NO_ACT})\w{{2,14}}(?:en|e|rn|ln)|(?!{_DE_NO_ACT})\w{{2,14}}(?:en|e|rn|ln) (?:wir|ich)",
        "others": rf"(?:{_DE_WHO}) (?:\w{{1,14}} ){{0,2}}(?:wird|werden|meldet|melden|ruft|rufen|schickt|schicken|kümmert|kümmern|prüft|prüfen|kommt|kommen|schaut|schauen|bringt|bringen|sucht|holt|klärt|liefert|gibt|schreibt|tauscht|repariert|fragt|sieht|druckt|packt)"
        rf"|(?:wird|werden|meldet|ruft|schickt|kümmert|prüft|kommt|schaut|bringt|holt|klärt|schreibt) (?:sich )?(?:ein\w{{0,2}} |der |die |unser\w{{0,2}} )?(?:{_DE_WHO})",
        "receive": r"(?:sie|du|ihr) (?:bekommen|erhalten|bekommst|erhältst|kriegst|hören|hörst|haben|hast)|(?:bekommen|erhalten|hören) sie|(?:bekommst|erhältst|hörst|kriegst) du",
        "passive": r"(?:wird|werden) (?:\w{1,16} ){0,7}(?:ge\w{2,14}|\w{1,6}ge\w{2,14}(?:t|en)|\w{2,14}iert|be\w{2,12}(?:t|en)|er\w{2,12}(?:t|en)|ver\w{2,12}(?:t|en)|über\w{2,12}(?:t|en))",
        "thing": r"(?:paket|bestellung|sendung|geld|ware|artikel|es|das|lieferung|ersatz|betrag|erstattung) (?:\w{1,14} ){0,2}(?:kommt|wird|geht|trifft|ist|folgt)",
        "let": r"versprech\w{1,3}|versprochen|zurück bei ihnen|auf sie zu|auf dich zu|bescheid|dran|in arbeit|in bearbeitung|folgt|meld\w{1,3} (?:mich|uns)",
        "usual": r"normalerweise|in der regel|meist\w{0,3}|üblicherweise|gewöhnlich|immer|jeden|jede|jeder|täglich|\w{4,10}tags|geöffnet|geschlossen|offen|dauert|dauern|öffnungszeiten|geschäftszeiten",
        "knows": r"(?:hilft|helfen|weiß|wissen|regelt|regeln|informiert|informieren|berät|beraten|sagt|sagen|erklärt|erklären|beantwortet|beantworten|weiterhelfen|ansprechpartner\w{0,4}|macht|machen|kennt|kennen|bearbeitet|verwaltet|betreut|betreuen|entscheidet|repariert)",
        "located": r"steht|stehen|finde\w{0,2}|findet|nachlesen|nachzulesen|näheres|einsehbar|hinterlegt|aufgeführt|erhältlich|gibt es (?:unter|im|in|auf|bei|nur)|nur (?:dort|über|im|per|bei|mit|persönlich|noch)|seite \d|abschnitt \d|unter \W?\w{2,14} ?>",
        "goes": r"(?:an|ab|auf|aus|ein|nach|vor|zu|zurück|raus|weiter|mit|durch|um|los|heraus|hin|weg|frei|gut|bei|dazu|nach|hinterher|vorbei|zusammen|dran|herbei)(?=\W{0,3}$)|in arbeit|unterwegs|erfolgt|kostenlos|kostenfrei|rückruf|rückmeldung|gutschrift|von uns|auf (?:unsere|unser) kosten|auf kulanz|aus kulanz",
        "hearsay": r"laut|automatisch|von selbst|sagt|eingescannt|liegt|zustellung|sendungsverfolgung",
        "they": r"(?:sie|er|kolleg\w{1,4}|team|man) (?:\w{1,14} ){0,4}(?:aus|um|an|nach|zurück|ein|ab|vorbei)(?=\W{0,3}$)|(?:tauschen|reparieren|prüfen|ersetzen|erledigen|stellen|melden|schicken|geben|drucken|buchen|legen) (?:sie )?(?:ihnen|dir|ihn|sie|es|das|die|den)",
        "not": r"nicht mehr|nie|kein\w{0,2}",
        "if": r"wenn|falls|sobald|nachdem|sonst|dann",
        "done": r"(?:haben|habe|wurde|wurden|ist|sind) (?:\w{1,16} ){0,6}(?:ge\w{2,14}|\w{1,6}ge\w{2,14}|\w{2,14}iert)",
    },
    "ru": {
        "ask": r"(?!здравствуйте|извините|простите|прости|хотите|привет)\w{2,16}(?:йте|ите|ьте)(?:сь)?|вам (?:нужно|надо|необходимо|следует|стоит|лучше|придется|сюда|к|в|на)"
        r"|(?:можно|можете|сможете|следует|нужно|необходимо|лучше|просьба|просим|рекомендуем|советуем|стоит|придется|надо) (?:\w{1,16} ){0,3}\w{2,16}(?:ть|ти|чь)(?:ся|сь)?",
        "spare": r"не (?:нужно|надо|требуется|обязательно)|ничего не|без звонк\w{1,2}|можно не",
        "refuse": r"не (?:к нам|у нас|наш\w{0,2}|занимаемся|решаем|можем|обслуживаем|работаем|отвечаем|консультируем|комментируем|рассматриваем|принимаем|видим|влияем)|вопрос\w{0,2} (?:не )?(?:к|в)|решает|занимается|отвечает за|выдает|оформляет|принимает|зависит от|только (?:через|по|в|на|лично|письменно|у|при)",
        "we": r"мы|я|наш\w{0,3}|нами|нам|нас",
        "shall": rf"(?:{_RU_SHALL})|(?:буду|будем)(?! закрыт\w{{0,2}}| открыт\w{{0,2}}| рады| благодарны| признательны)",
        "doing": r"(?:уже |сейчас |пока )?\w{2,14}(?:аем|яем|уем|юем|ваем|щаем)(?:ся)?|(?:уже |сейчас )\w{3,14}(?:им|ем|ю|у)(?:ся|сь)?",
        "others": rf"(?:{_RU_WHO}) (?:\w{{1,16}} ){{0,3}}\w{{3,16}}(?:[еи]т|[ая]т|[ую]т)(?:ся)?|(?:с вами|вам|вас) \w{{3,16}}(?:[еи]т|[ая]т|[ую]т)(?:ся)?|\w{{3,16}}(?:ится|утся|ется) (?:с вами|{_RU_WHO})",
        "receive": r"(?:вы )?(?:получите|увидите|услышите)|вам (?:придет|поступит|вернется|вернутся|вернут|придут|привезут|доставят|позвонят|ответят|сообщат|пришлют)",
        "passive": r"(?:будет|будут|будете) (?:\w{1,16} ){0,3}\w{2,16}(?:ан|ена|ено|ены|ен|ана|ано|аны|ята|яты|ято|ыт|ыта|ыты|ыто)|должн\w{1,2} (?:быть|прийти|поступить|приехать|заработать|вернуться)",
        "thing": r"(?:заказ|посылка|товар|деньги|возврат|доставка|партия|поставка|подкасса|сумма|перевод|ответ|чек)\w{0,2} (?:\w{1,16} ){0,3}(?:придет|придут|поступит|поступят|приедет|вернутся|вернется|будет|будут|появится|появятся|прибудет|выйдет|дойдет)",
        "let": r"давайте|обеща\w{2,3}|держ\w{2,3} в курсе|на контроле|в работе|разбира\w{2,6}|дайте (?:нам )?\w{1,10}",
        "usual": r"обычно|как правило|всегда|кажд\w{2}|по \w{4,12}(?:ам|ям)|ежедневно|круглосуточно|открыт\w{0,2}|закрыт\w{0,2}|график|режим|работаем (?:с|до|по|без)|занимает|длится|идет|идут",
        "knows": r"подскаж\w{2,3}|помо[жг]\w{1,3}|ответ[ия]т|консультиру\w{2}|решает|ведает|ведут|ведет|печатает|собирает|расскаж\w{2}|знает|знают|объясн[ия]т|сообщ[иа]т|сориентиру\w{2}|рассматривает|отвечает|проконсультируют|разбер\w{2,3}тся|вопрос\w{0,3}|это к|к \w{4,16}(?:у|ю|е|ам|ям)",
        "located": r"есть (?:на|в)|указан\w{0,2}|написан\w{0,2}|описан\w{0,2}|информация|размещен\w{0,2}|опубликован\w{0,2}|по ссылке|вот ссылка|только (?:через|по|в|на|лично|письменно|у|при)|через \w{3,16}|внизу|в разделе|на обороте|там|см",
        "goes": r"\w{3,16}(?:ется|ются|ится|ятся)|за наш счет|бесплатно|беру|берем|снимаем|отправляю|ведутся|на контроле|под контроль|заявку (?:отправил|передал|создал|оформил)\w{0,2}|передал\w{0,2}|ожидайте|ждите",
        "hearsay": r"по данным|по словам|автоматически|сам[аио]?|обещают|трек|в пути|отследить|прибыл\w{0,2}",
        "they": rf"{_RU_THEY}",
        "not": r"не будем|не сможем|не вернем|не будет|не получится|никогда",
        "if": r"если|как только|когда|после|тогда|либо",
        "done": r"(?:уже )?\w{2,14}(?:али|или|яли|ели|ано|ено|аны|ены|ила|ала|ил|ал)(?:сь)?",
    },
    "uk": {
        "ask": r"(?!здрастуйте|вибачте|пробачте|хочете)\w{2,16}(?:йте|іть|ьте)(?:ся|сь)?|вам (?:треба|потрібно|необхідно|слід|варто|краще|доведеться|сюди|до|в|на)"
        r"|(?:можна|можете|зможете|слід|треба|потрібно|необхідно|краще|прохання|просимо|рекомендуємо|радимо|варто|доведеться) (?:\w{1,16} ){0,3}\w{2,16}(?:ти|тися|тись)",
        "spare": r"не (?:треба|потрібно|обов'язково)|нічого не|без дзвінк\w{1,2}|можна не",
        "refuse": r"не (?:до нас|у нас|наш\w{0,2}|займаємо\w{0,2}|вирішуємо|можемо|обслуговуємо|працюємо|відповідаємо|консультуємо|коментуємо|розглядаємо|приймаємо|бачимо|впливаємо)|питання (?:не )?(?:до|в)|вирішує|займається|опікується|відповідає за|видає|оформлює|приймає|залежить від|лише (?:через|по|в|на|особисто|письмово|у)|тільки (?:через|по|в|на|особисто|письмово|у)",
        "we": r"ми|я|наш\w{0,3}|нами|нам|нас",
        "shall": rf"(?:{_UK_SHALL})|(?:буду|будемо|будем)(?! зачинен\w{{0,2}}| відкрит\w{{0,2}}| раді| вдячні)|\w{{3,14}}(?:тимемо|тиму)(?:ся|сь)?",
        "doing": r"(?:вже |зараз |поки )?\w{2,14}(?:аємо|яємо|уємо|юємо|ваємо|щаємо)(?:ся|сь)?|(?:вже |зараз )\w{3,14}(?:имо|емо|ю|у)(?:ся|сь)?",
        "others": rf"(?:{_UK_WHO}) (?:\w{{1,16}} ){{0,3}}\w{{3,16}}(?:[еи]|[ії]|я|а|у|ю|є)ть?(?:ся)?|(?:з вами|вам|вас) \w{{3,16}}(?:ить|ять|ать|уть|ють|ає|е)(?:ся)?|\w{{3,16}}(?:еться|яться|уться) (?:з вами|{_UK_WHO})",
        "receive": r"(?:ви )?(?:отримаєте|побачите|почуєте)|вам (?:прийде|надійде|повернеться|повернуться|повернуть|прийдуть|привезуть|доставлять|подзвонять|зателефонують|відповідять|повідомлять|надішлють)",
        "passive": r"(?:буде|будуть) (?:\w{1,16} ){0,3}\w{2,16}(?:ано|ено|ані|ені|ана|ена|ято|яті|ито|уто)|має (?:бути|прийти|надійти|приїхати|запрацювати|повернутися)|мають (?:бути|прийти|надійти)",
        "thing": r"(?:замовлення|посилка|товар|гроші|кошти|повернення|доставка|партія|поставка|сума|переказ|відповідь|чек)\w{0,2} (?:\w{1,16} ){0,3}(?:прийде|прийдуть|надійде|надійдуть|приїде|повернуться|повернеться|буде|будуть|з'явиться|з'являться|прибуде|вийде|дійде)",
        "let": r"давайте|обіця\w{2,4}|трима\w{2,4} в курсі|на контролі|в роботі|розбира\w{2,6}|дайте (?:нам )?\w{1,10}",
        "usual": r"зазвичай|як правило|завжди|кожн\w{1,3}|що(?:дня|тижня|\w{3,9})|цілодобово|відкрит\w{0,2}|відчинен\w{0,2}|зачинен\w{0,2}|графік|режим|працюємо (?:з|до|по|без)|займає|триває|йде|йдуть|по \w{4,12}(?:ах|ях)",
        "knows": r"підкаж\w{2,3}|допомо[жг]\w{1,4}|відпов[ії]\w{2,5}|консульту\w{2,3}|вирішує|відає|ведуть|веде|друкує|збирає|розкаж\w{2}|знає|знають|поясн[ия]ть|повідом\w{2,4}|розглядає|відповідає|розбер\w{2,4}ться|питання|це до|до \w{4,16}(?:а|у|ю|ів|и|ки)",
        "located": r"є (?:на|в|у)|вказан\w{0,2}|зазначен\w{0,2}|написан\w{0,2}|описан\w{0,2}|інформація|розміщен\w{0,2}|опублікован\w{0,2}|за посиланням|ось посилання|(?:лише|тільки) (?:через|по|в|у|на|особисто|письмово|при)|через \w{3,16}|внизу|у розділі|на звороті|там|див",
        "goes": r"\w{3,16}(?:ється|ються|иться|яться)|за наш рахунок|безкоштовно|беру|беремо|знімаємо|надсилаю|ведуться|на контролі|під контроль|заявку (?:відправи|переда|створи|оформи)\w{1,3}|передал\w{0,2}|очікуйте|чекайте",
        "hearsay": r"за даними|за словами|автоматично|сам[аоі]?|обіцяють|трек|в дорозі|відстежити|прибу\w{2,4}",
        "they": rf"{_UK_THEY}",
        "not": r"не будемо|не зможемо|не повернемо|не буде|не вийде|ніколи",
        "if": r"якщо|як тільки|щойно|коли|після|тоді|або",
        "done": r"(?:вже )?\w{2,14}(?:али|или|іли|яли|ано|ено|ані|ені|ила|ала|ив|ав)(?:ся|сь)?",
    },
}  # fmt: skip

_CUES = {
    language: {
        name: re.compile(rf"(?<![\w'])(?:{expression})(?![\w'])")
        for name, expression in cues.items()
    }
    for language, cues in _RAW.items()
}
_PROMISES = ("shall", "doing", "others", "receive", "passive", "let")

CUES = 48
"""How many numbers :func:`cues_of` gives."""


def cues_of(
    text: str, languages: Sequence[str], spans: Sequence[Evidence], times: Sequence[Phrase]
) -> list[float]:
    """
    Return the grammar of *text* as zeros and ones; *spans* and *times* are what was found in it.

    Each number says whether some sentence has certain cues together.
    """
    head = lowered(text)
    found = [
        _sentence(head[start:end], languages, *_within(start, end, spans, times))
        for start, end in _sentences(head)
    ]
    return [float(any(column)) for column in zip(*found, strict=True)] or [0.0] * CUES


def _sentences(head: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _END.finditer(head):
        if head[start : match.start()].strip():
            yield start, match.start()
        start = match.end()
    if head[start:].strip():
        yield start, len(head)


def _within(
    start: int, end: int, spans: Sequence[Evidence], times: Sequence[Phrase]
) -> tuple[set[str], bool]:
    """Return the labels of what was found there, and whether a time is named."""
    labels = {span.label for span in spans if start <= span.start < end}
    return labels, any(start <= time.start < end for time in times)


def _sentence(sentence: str, languages: Sequence[str], labels: set[str], when: bool) -> list[bool]:  # noqa: FBT001 - a fact among facts
    has = {
        name: any(_CUES[language][name].search(sentence) for language in languages)
        for name in _RAW["en"]
    }
    where = any(label.startswith("elsewhere:") for label in labels)
    sends = has["ask"] or "send:verb" in labels
    ours = has["shall"] or has["others"] or has["passive"] or has["let"]
    return [
        has["ask"],
        has["ask"] and where,
        sends and where and not has["we"],
        sends and where and not has["spare"] and not ours,
        has["ask"] and not where and not has["we"],
        where and not sends and not has["we"] and not ours,
        where and has["we"] and not sends,
        has["spare"],
        has["refuse"],
        has["refuse"] and where,
        where and "here:here" in labels,
        has["shall"],
        has["shall"] and when,
        has["shall"] and has["if"],
        has["doing"],
        has["doing"] and when,
        has["others"],
        has["others"] and when,
        has["receive"],
        has["passive"],
        has["thing"],
        has["let"],
        has["not"],
        has["done"] and not ours,
        has["usual"],
        has["usual"] and when and not has["shall"],
        has["knows"] and not has["we"],
        has["knows"] and where and not has["we"] and not ours,
        has["knows"] and not where and not has["we"],
        has["located"],
        has["located"] and where,
        has["located"] and has["we"],
        has["goes"],
        has["goes"] and when,
        has["goes"] and has["we"],
        has["hearsay"],
        has["hearsay"] and when,
        has["they"],
        has["they"] and when,
        has["they"] and has["ask"],
        has["they"] and not has["usual"] and not has["done"],
        has["shall"] and not has["usual"] and not has["done"],
        has["ask"] and ours,
        has["ask"] and (has["goes"] or has["doing"]) and not ours,
        has["doing"] and has["usual"],
        has["doing"] and not has["usual"] and not has["done"],
        when and any(has[name] for name in _PROMISES),
        when and not any(has[name] for name in _PROMISES),
    ]
