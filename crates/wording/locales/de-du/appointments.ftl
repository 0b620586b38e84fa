### What differs for readers who are addressed with du.

appointments = Deine Termine
appointments-as-client = Das sind die Termine, die du selbst für dich gebucht hast.
appointments-none = Du hast noch keine Termine.
appointments-in-calendar = Deine Termine im eigenen Kalender anzeigen

appointment-by-you = Von dir
appointment-your-note = Deine Nachricht
appointment-due = Bitte zahle { $amount } bis { $until }.
appointment-due-sentence = Wir haben diese Zeit für dich reserviert. Der Termin ist bestätigt, sobald du bezahlt hast.
appointment-due-ask = Wenn du nicht weißt, wie du bezahlen kannst, wende dich bitte an die Praxis.
appointment-move-until = Du kannst diesen Termin bis { $until } verschieben.
appointment-free-until = Wenn du vor Ablauf der Frist absagst ({ $until }), erhältst du alles zurück, was du bezahlt hast.
appointment-note-booked = Dein Termin am { $when } ist bestätigt. Wir haben dir eine E-Mail mit allem gesendet, was du brauchst.
appointment-note-held = Wir haben diese Zeit für dich reserviert: { $when }. Bitte bezahle, dann ist der Termin bestätigt.
appointment-note-paid = Vielen Dank, deine Zahlung ist eingegangen. Dein Termin am { $when } ist bestätigt.
appointment-note-moved = Dein Termin ist jetzt am { $when }. Alle, die teilnehmen, erhalten eine E-Mail.
appointment-note-cancelled = Der Termin am { $when } ist abgesagt. Wir haben dir dazu eine E-Mail gesendet.
appointment-changed = Der Termin hat sich inzwischen geändert. Es wurde nichts ausgeführt. Bitte prüfe ihn, und versuche es noch einmal.
appointment-ask = Wenn du Hilfe brauchst, wende dich bitte an die Praxis.
appointment-ask-below = Wenn du Hilfe brauchst, wende dich bitte an die Praxis. Wie du die Praxis erreichst, steht am Ende dieser Seite.

cancel-full = Du erhältst { $refund } zurück, den vollen Betrag.
cancel-full-because = Du sagst ab, bevor die Frist für eine kostenlose Absage am { $free_until } endet.
cancel-part = Du erhältst { $refund } zurück, und die Praxis behält { $kept }.
cancel-nothing-because = Die Praxis behält den Betrag von { $kept }, den du bezahlt hast.
cancel-no-money = Du hast nichts bezahlt, und wenn du absagst, bezahlst du auch nichts.
cancel-refund-way = Das Geld geht auf dem Weg zurück, auf dem du bezahlt hast, in der Regel innerhalb von 5 bis 10 Tagen.
cancel-refund-by-hand = Die Praxis zahlt dir das Geld selbst zurück.
cancel-reason-invalid = Bitte verwende höchstens 500 Zeichen.
cancel-instead-sentence = Verschieben kostet nichts, und was du bezahlt hast, bleibt gültig.
cancel-quote-changed = Was du zurückerhältst, hat sich inzwischen geändert. Es wurde nichts abgesagt. Bitte prüfe den neuen Betrag.
cancel-closed = Du kannst diesen Termin nicht absagen
cancel-closed-expired = Er wurde nicht rechtzeitig bezahlt und ist daher nicht mehr für dich reserviert. Du musst ihn nicht absagen.
cancel-closed-processing = Deine Zahlung wird verarbeitet. Bitte versuche es noch einmal, wenn die Zahlung eingegangen ist.

move-choose = Wähle eine andere Zeit
move-costs-nothing = Keine. Was du bezahlt hast, bleibt gültig.
move-taken = Diese Zeit ist nicht mehr frei. Es hat sich nichts geändert. Bitte wähle eine andere.
move-closed = Du kannst diesen Termin nicht verschieben
move-closed-unpaid = Er ist noch nicht bestätigt. Sobald er bezahlt ist, kannst du ihn verschieben.

payment-receipt-keep = Um den Beleg aufzubewahren, drucke diese Seite oder speichere sie als PDF.
