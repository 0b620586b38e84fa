### The pages about a client's own appointments. The messages are plain texts; links and buttons have their whole text.

## The list

appointments = Ihre Termine
appointments-as-client = Das sind die Termine, die Sie selbst für sich gebucht haben.
appointments-none = Sie haben noch keine Termine.
appointments-none-earlier = Es gibt keine früheren Termine.
appointments-book = Termin buchen
appointments-next = Als Nächstes
appointments-to-do = Zu erledigen
appointments-upcoming = Danach
appointments-past = Vergangene Termine
appointments-earlier = Frühere Termine
appointments-in-calendar = Ihre Termine im eigenen Kalender anzeigen
appointments-held = Reserviert bis { $until }
appointments-pay = Jetzt { $amount } zahlen

## What a list and a page say about an appointment

# For screen readers, after the text of a link that occurs several times: "Move: Monday, 15 January 2024 at 10:00".
appointment-about = : { $when }
appointment-line = { $service }, { $duration }
appointment-line-with = { $service } mit { $therapist }, { $duration }
appointment-opens = Der Raum öffnet am { $short_date } um { $time }.
appointment-join = Am Termin teilnehmen
appointment-details = Einzelheiten
appointment-move = Verschieben
appointment-cancel = Absagen
appointment-calendar = Kalenderdatei
appointment-state-confirmed = Bestätigt
appointment-state-unpaid = Noch nicht bezahlt
appointment-state-processing = Zahlung läuft
appointment-state-over = Vorbei
appointment-state-completed = Hat stattgefunden
appointment-state-missed = Versäumt
appointment-state-cancelled = Abgesagt
appointment-state-expired = Nicht rechtzeitig bezahlt
appointment-refund-pending = Die Erstattung von { $amount } läuft seit { $date }
appointment-refund-done = { $amount } erstattet am { $date }
appointment-refund-failed = Die Erstattung von { $amount } ist noch nicht gelungen. Die Praxis kümmert sich darum.

## One appointment

appointment-heading = Termin am { $short_date } um { $time }
appointment-when = Wann
appointment-service = Leistung
appointment-therapist = Mit
appointment-price = Preis
appointment-cancelled-at = Abgesagt
appointment-by-you = Von Ihnen
appointment-by-practice = Von der Praxis
appointment-reason = Grund
appointment-refund = Erstattung
appointment-your-note = Ihre Nachricht
appointment-number = Buchungsnummer
appointments-all = Alle Termine
appointment-due = Bitte zahlen Sie { $amount } bis { $until }.
appointment-due-sentence = Wir haben diese Zeit für Sie reserviert. Der Termin ist bestätigt, sobald Sie bezahlt haben.
appointment-due-ask = Wenn Sie nicht wissen, wie Sie bezahlen können, wenden Sie sich bitte an die Praxis.
appointment-move-until = Sie können diesen Termin bis { $until } verschieben.
appointment-free-until = Wenn Sie vor Ablauf der Frist absagen ({ $until }), erhalten Sie alles zurück, was Sie bezahlt haben.
appointment-free-over = Die Frist für eine kostenlose Absage endete am { $until }.
appointment-note-booked = Ihr Termin am { $when } ist bestätigt. Wir haben Ihnen eine E-Mail mit allem gesendet, was Sie brauchen.
appointment-note-held = Wir haben diese Zeit für Sie reserviert: { $when }. Bitte bezahlen Sie, dann ist der Termin bestätigt.
appointment-note-paid = Vielen Dank, Ihre Zahlung ist eingegangen. Ihr Termin am { $when } ist bestätigt.
appointment-note-moved = Ihr Termin ist jetzt am { $when }. Alle, die teilnehmen, erhalten eine E-Mail.
appointment-note-cancelled = Der Termin am { $when } ist abgesagt. Wir haben Ihnen dazu eine E-Mail gesendet.
appointment-changed = Der Termin hat sich inzwischen geändert. Es wurde nichts ausgeführt. Bitte prüfen Sie ihn, und versuchen Sie es noch einmal.
appointment-ask = Wenn Sie Hilfe brauchen, wenden Sie sich bitte an die Praxis.
appointment-ask-below = Wenn Sie Hilfe brauchen, wenden Sie sich bitte an die Praxis. Wie Sie die Praxis erreichen, steht am Ende dieser Seite.
appointment-back = Zurück zum Termin

## Cancelling

cancel-heading = Termin absagen
cancel-full = Sie erhalten { $refund } zurück, den vollen Betrag.
cancel-full-because = Sie sagen ab, bevor die Frist für eine kostenlose Absage am { $free_until } endet.
cancel-part = Sie erhalten { $refund } zurück, und die Praxis behält { $kept }.
cancel-part-because = Die Frist für eine kostenlose Absage endete am { $free_until }.
cancel-nothing = Es wird nichts erstattet, weil die Frist für eine kostenlose Absage am { $free_until } endete.
cancel-nothing-because = Die Praxis behält den Betrag von { $kept }, den Sie bezahlt haben.
cancel-no-money = Sie haben nichts bezahlt, und wenn Sie absagen, bezahlen Sie auch nichts.
cancel-refund-way = Das Geld geht auf dem Weg zurück, auf dem Sie bezahlt haben, in der Regel innerhalb von 5 bis 10 Tagen.
cancel-refund-by-hand = Die Praxis zahlt Ihnen das Geld selbst zurück.
cancel-reason = Grund (freiwillig)
cancel-reason-hint = Nur die Praxis kann ihn lesen.
cancel-reason-invalid = Bitte verwenden Sie höchstens 500 Zeichen.
cancel-button = Termin absagen
cancel-button-refund = Termin absagen, { $refund } zurück
cancel-button-nothing = Termin absagen, nichts zurück
cancel-keep = Termin behalten
cancel-instead = Passt ein anderer Tag besser?
cancel-instead-sentence = Verschieben kostet nichts, und was Sie bezahlt haben, bleibt gültig.
cancel-quote-changed = Was Sie zurückerhalten, hat sich inzwischen geändert. Es wurde nichts abgesagt. Bitte prüfen Sie den neuen Betrag.
cancel-closed = Sie können diesen Termin nicht absagen
cancel-closed-cancelled = Er ist bereits abgesagt.
cancel-closed-expired = Er wurde nicht rechtzeitig bezahlt und ist daher nicht mehr für Sie reserviert. Sie müssen ihn nicht absagen.
cancel-closed-processing = Ihre Zahlung wird verarbeitet. Bitte versuchen Sie es noch einmal, wenn die Zahlung eingegangen ist.
cancel-closed-begun = Er begann am { $when } und konnte bis dahin abgesagt werden.
cancel-closed-over = Er war am { $when } und ist vorbei.

## Moving

move-heading = Termin verschieben
move-choose = Wählen Sie eine andere Zeit
move-confirm = Auf diese Zeit verschieben?
move-at-present = Derzeit
move-was = Bisher
move-now = Neu
move-costs = Kosten
move-costs-nothing = Keine. Was Sie bezahlt haben, bleibt gültig.
move-button = Verschieben auf { $when }
move-keep = Jetzige Zeit behalten
move-other = Andere Zeit wählen
move-present = bisher
# For screen readers, before the time of a button: "Monday, 15 January 2024, UTC+01:00, 10:00".
move-about = { $date }, { $offset },
move-earlier-days = Frühere Tage
move-later-days = Spätere Tage
move-next-free = An diesen Tagen ist keine Zeit frei. Die nächste freie Zeit ist { $next }.
move-none-free = Ab diesem Tag ist keine Zeit frei.
move-taken = Diese Zeit ist nicht mehr frei. Es hat sich nichts geändert. Bitte wählen Sie eine andere.
move-closed = Sie können diesen Termin nicht verschieben
move-closed-since = Er konnte bis { $until } verschoben werden.
move-closed-unpaid = Er ist noch nicht bestätigt. Sobald er bezahlt ist, können Sie ihn verschieben.
move-closed-over = Er ist vorbei oder wurde abgesagt.

payment-receipt = Beleg
payment-receipt-client = Beleg für
payment-receipt-paid = Bezahlt
payment-receipt-keep = Um den Beleg aufzubewahren, drucken Sie diese Seite oder speichern Sie sie als PDF.
payment-receipt-back = Zurück zum Termin
