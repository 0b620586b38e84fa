### Emails. Each kind has a subject, a heading, an opening above the appointment, and paragraphs below it.

# With an exclamation mark, the next sentence may begin with a capital letter.
greeting = Guten Tag { $name }!
greeting-without-name = Guten Tag!
closing = Freundliche Grüße
colon = :
join-label = Am Termin teilnehmen
pay-label = Ansehen und bezahlen
pay-practice = Wenn Sie nicht wissen, wie Sie bezahlen können, wenden Sie sich bitte an die Praxis.
phone = Telefon { $phone }
imprint = Impressum
privacy = Datenschutz

# The link is personal in every email that has one.
keep-email = Der Link ist persönlich. Bitte geben Sie ihn nicht weiter. Der angehängte Kalendereintrag enthält ihn nicht. Bitte bewahren Sie diese E-Mail deshalb auf.

meeting-info =
    .subject = Ihr Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ihr Termin ist bestätigt
    .opening = Wir freuen uns auf Sie:
    .after = { keep-email }

reminder =
    .subject = Erinnerung: Ihr Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ihr Termin beginnt bald
    .opening = Ihr Termin beginnt { $starts_in }:
    .after = { keep-email }

invitation =
    .subject = Einladung: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Sie sind zu einem Termin eingeladen
    .opening = Wir laden Sie zu diesem Termin ein ({ $practice }):
    .after = Sie brauchen kein Konto. { keep-email }

rescheduled =
    .subject = Neue Zeit: Ihr Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ihr Termin hat eine neue Zeit
    .opening = Ihr Termin wurde verschoben. Die neue Zeit ist:
    .was = Bisher: { $was }
    .after = Der Link ist persönlich. Bitte geben Sie ihn nicht weiter. Der angehängte Kalendereintrag enthält die neue Zeit, aber nicht den Link. Bitte bewahren Sie diese E-Mail deshalb auf.

# The session was moved, and moved back before its reader was told.
moved-back =
    .subject = Unverändert: Ihr Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ihr Termin bleibt, wie er war
    .opening = Ihr Termin wurde verschoben und dann wieder zurückverlegt. Er findet zu der Zeit statt, die Sie kennen:
    .after = { keep-email }

cancelled =
    .subject = Abgesagt: Ihr Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ihr Termin ist abgesagt
    .opening = Dieser Termin wurde abgesagt:
    .opening-by-recipient = Sie haben diesen Termin abgesagt:
    .opening-by-practice = Wir haben diesen Termin abgesagt:
    .reason = Unser Grund: { $reason }
    .refund = Wir erstatten Ihre Zahlung von { $refund } vollständig, in der Regel innerhalb von 5 bis 10 Tagen.
    .refund-by-hand = Wir erstatten Ihre Zahlung von { $refund } vollständig und zahlen Ihnen das Geld selbst zurück.
    .part = Von Ihrer Zahlung erstatten wir { $refund }, in der Regel innerhalb von 5 bis 10 Tagen. Wir behalten { $kept }, weil die Frist für eine kostenlose Absage am { $free_until } endete.
    .part-by-hand = Von Ihrer Zahlung erstatten wir { $refund } und zahlen Ihnen das Geld selbst zurück. Wir behalten { $kept }, weil die Frist für eine kostenlose Absage am { $free_until } endete.
    .kept = Wir behalten Ihre Zahlung von { $kept }, weil die Frist für eine kostenlose Absage am { $free_until } endete.
    .book-again = Wenn Sie einen anderen Termin möchten, buchen Sie bitte erneut.
    .book-again-at = Wenn Sie einen anderen Termin möchten, können Sie ihn auf { $website } buchen.
    .book-again-contact = Wenn Sie einen anderen Termin möchten, wenden Sie sich bitte an uns. Wie Sie uns erreichen, steht am Ende dieser E-Mail.
    .after = Der angehängte Kalendereintrag ist als abgesagt gekennzeichnet. Bitte prüfen Sie, ob der Termin aus Ihrem Kalender entfernt wurde.

reassigned =
    .subject = Änderung: Ihr Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ihr Termin wird von einer anderen Person übernommen
    .opening = { $therapist } übernimmt Ihren Termin. Alles andere bleibt, wie es ist:
    .opening-without-name = Eine Kollegin oder ein Kollege übernimmt Ihren Termin. Alles andere bleibt, wie es ist:
    .after = { keep-email }

updated =
    .subject = Änderung: Ihr Termin am { $short_date }, { $time } ({ $offset })
    .heading = Die Dauer Ihres Termins hat sich geändert
    .opening = Ihr Termin dauert jetzt { $duration }:
    .after = Der Link ist persönlich. Bitte geben Sie ihn nicht weiter. Der angehängte Kalendereintrag enthält die neue Dauer, aber nicht den Link. Bitte bewahren Sie diese E-Mail deshalb auf.

meeting-link =
    .subject = Ihr Link für den Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ihr Link
    .opening = Hier ist noch einmal Ihr Link für diesen Termin:
    .after = Links in früheren E-Mails funktionieren möglicherweise nicht mehr, bitte verwenden Sie diesen. { keep-email }

receipt =
    .subject = Zahlung erhalten: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Danke für Ihre Zahlung
    .opening = Wir haben Ihre Zahlung von { $amount } am { $received_at } erhalten. Die Buchungsnummer ist { $booking }:
    .after = Diese E-Mail ist Ihre Quittung, bitte bewahren Sie sie auf. Eine Rechnung im steuerlichen Sinn ist sie nicht.
    .after-part = Noch zu zahlen: { $left } bis { $pay_until }. Bis dahin halten wir diese Zeit für Sie frei. Diese E-Mail ist Ihre Quittung, bitte bewahren Sie sie auf. Eine Rechnung im steuerlichen Sinn ist sie nicht.

payment-failed =
    .subject = Zahlung fehlgeschlagen: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ihre Zahlung ist fehlgeschlagen
    .opening = Ihre Zahlung von { $amount } für diesen Termin ist fehlgeschlagen. Ihnen wurde nichts berechnet:
    .after = Ohne die Zahlung konnten wir diese Zeit nicht für Sie freihalten. Wenn Sie weiterhin einen Termin möchten, buchen Sie bitte erneut.
    .after-while-held = Wir halten diese Zeit bis { $retry_until } für Sie frei. Bis dahin können Sie in Ihren Buchungen noch einmal bezahlen.

payment-will-be-refunded =
    .subject = Zahlung wird erstattet: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ihre Zahlung wird erstattet
    .opening = Ihre Zahlung von { $amount } kam für diesen Termin zu spät an, oder der Termin war bereits bezahlt:
    .after = Wir erstatten den vollen Betrag automatisch, in der Regel innerhalb von 5 bis 10 Tagen. Sie müssen nichts tun. In Ihren Buchungen sehen Sie, ob der Termin bestätigt ist.

refund =
    .subject = Ihre Erstattung: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ihre Erstattung ist unterwegs
    .opening = Wir haben Ihnen { $amount } am { $refunded_at } erstattet. Die Buchungsnummer ist { $booking }:
    .after = Es kann einige Tage dauern, bis Ihre Bank den Betrag anzeigt.

payment-instructions =
    .subject = So bezahlen Sie: Ihr Termin am { $short_date }, { $time } ({ $offset })
    .heading = Bitte bezahlen Sie Ihren Termin
    .opening = Bitte zahlen Sie { $amount } bis { $pay_until }, mit dem Verwendungszweck { $booking }. Bis dahin halten wir diese Zeit für Sie frei:
    .after = Sobald wir Ihre Zahlung erhalten haben, ist Ihr Termin bestätigt, und Sie erhalten eine E-Mail mit allem, was Sie brauchen.

payment-request =
    .subject = Bitte bezahlen: Ihr Termin am { $short_date }, { $time } ({ $offset })
    .heading = Bitte bezahlen Sie Ihren Termin
    .opening = Wir haben diese Zeit für Sie reserviert. Bitte zahlen Sie { $amount } bis { $pay_until }:
    .after = Sobald Sie bezahlt haben, ist Ihr Termin bestätigt, und Sie erhalten eine E-Mail mit allem, was Sie brauchen. Wenn Sie den Termin nicht möchten, müssen Sie nichts tun. Die Buchungsnummer ist { $booking }.

payment-reminder =
    .subject = Noch nicht bezahlt: Ihr Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ihr Termin ist noch nicht bezahlt
    .opening = Wir halten diese Zeit bis { $pay_until } für Sie frei. Bitte zahlen Sie bis dahin { $amount }:
    .after = Wenn Sie den Termin nicht möchten, müssen Sie nichts tun. Die Buchungsnummer ist { $booking }.

hold-expired =
    .subject = Nicht gebucht: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Wir halten diese Zeit nicht mehr für Sie frei
    .opening = Wir haben Ihre Zahlung von { $amount } nicht rechtzeitig erhalten, daher ist dieser Termin nicht gebucht:
    .after = Wenn Sie weiterhin einen Termin möchten, buchen Sie bitte erneut. Wenn Sie bereits bezahlt haben, wenden Sie sich bitte an die Praxis und nennen Sie die Buchungsnummer { $booking }.
    .after-part = Den Betrag von { $received }, den wir erhalten haben, erstatten wir. Wenn Sie weiterhin einen Termin möchten, buchen Sie bitte erneut. Fragen? Bitte nennen Sie die Buchungsnummer { $booking }.

cancelled-unpaid =
    .subject = Abgesagt: Ihr Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ihr Termin ist abgesagt
    .opening = Dieser Termin wurde abgesagt:
    .opening-by-recipient = Sie haben diesen Termin abgesagt:
    .opening-by-practice = Wir haben diesen Termin abgesagt:
    .after-part = Sie müssen ihn nicht mehr bezahlen. Den Betrag von { $received }, den wir erhalten haben, erstatten wir. Fragen? Bitte nennen Sie die Buchungsnummer { $booking }.
    .after = Sie müssen ihn nicht mehr bezahlen. Wenn Sie bereits bezahlt haben, wenden Sie sich bitte an die Praxis und nennen Sie die Buchungsnummer { $booking }.

### About several appointments of a series, which are listed below the opening.

meeting-info-series =
    .subject = Ihre { $count } Termine ab dem { $short_date }
    .heading = Ihre { $count } Termine sind bestätigt
    .opening = Wir freuen uns auf Sie:
    .after = Jeder Link ist persönlich. Bitte geben Sie keinen weiter. Die angehängte Kalenderdatei enthält alle { $count } Termine, aber nicht die Links. Bitte bewahren Sie diese E-Mail deshalb auf.

rescheduled-series =
    .subject = Neue Zeiten: Ihre { $count } Termine ab dem { $short_date }
    .heading = Ihre { $count } Termine haben neue Zeiten
    .opening = Diese Termine wurden verschoben. Die neuen Zeiten sind:
    .after = Jeder Link ist persönlich. Bitte geben Sie keinen weiter. Die angehängte Kalenderdatei enthält die neuen Zeiten, aber nicht die Links. Bitte bewahren Sie diese E-Mail deshalb auf.

cancelled-series =
    .subject = Abgesagt: Ihre { $count } Termine ab dem { $short_date }
    .heading = Ihre { $count } Termine sind abgesagt
    .opening = Diese Termine wurden abgesagt:
    .opening-by-recipient = Sie haben diese Termine abgesagt:
    .opening-by-practice = Wir haben diese Termine abgesagt:
    .after = Bitte prüfen Sie, ob die Termine aus Ihrem Kalender entfernt wurden.

receipt-series =
    .subject = Zahlungen erhalten: { $count } Termine ab dem { $short_date }
    .heading = Danke für Ihre Zahlungen
    .opening = Wir haben von Ihnen { $total } für { $count } Termine erhalten:
    .after = Diese E-Mail ist Ihre Quittung, bitte bewahren Sie sie auf. Eine Rechnung im steuerlichen Sinn ist sie nicht.

payment-instructions-series =
    .subject = So bezahlen Sie: Ihre { $count } Termine ab dem { $short_date }
    .heading = Bitte bezahlen Sie Ihre Termine
    .opening = Bitte bezahlen Sie diese { $count } Termine, insgesamt { $total }. Wir halten jede Zeit für Sie frei, bis ihre Zahlung fällig ist:
    .after = Sobald wir die Zahlung für einen Termin erhalten haben, ist er bestätigt, und Sie erhalten eine E-Mail mit allem, was Sie brauchen.

payment-request-series =
    .subject = Bitte bezahlen: Ihre { $count } Termine ab dem { $short_date }
    .heading = Bitte bezahlen Sie Ihre Termine
    .opening = Wir haben diese { $count } Zeiten für Sie reserviert. Bitte bezahlen Sie jeden Termin rechtzeitig, insgesamt { $total }:
    .after = Sobald Sie einen Termin bezahlt haben, ist er bestätigt, und Sie erhalten eine E-Mail mit allem, was Sie brauchen. Für einen Termin, den Sie nicht möchten, müssen Sie nichts tun.

payment-reminder-series =
    .subject = Noch nicht bezahlt: Ihre { $count } Termine ab dem { $short_date }
    .heading = Diese Termine sind noch nicht bezahlt
    .opening = Wir halten diese { $count } Zeiten für Sie frei. Bitte bezahlen Sie jeden Termin rechtzeitig, insgesamt { $total }:
    .after = Für einen Termin, den Sie nicht möchten, müssen Sie nichts tun.

hold-expired-series =
    .subject = Nicht gebucht: { $count } Termine ab dem { $short_date }
    .heading = Wir halten diese Zeiten nicht mehr für Sie frei
    .opening = Wir haben Ihre Zahlung nicht rechtzeitig erhalten, daher sind diese Termine nicht gebucht:
    .after = Wenn Sie weiterhin einen Termin möchten, buchen Sie bitte erneut. Wenn Sie bereits bezahlt haben, wenden Sie sich bitte an die Praxis und nennen Sie die Buchungsnummer.

series-payment =
    .received = { $amount } erhalten am { $received_at }, Buchungsnummer { $booking }
    .due = { $amount } zu zahlen bis { $pay_until }, Buchungsnummer { $booking }
    .not-received = { $amount } nicht erhalten, Buchungsnummer { $booking }
    .no-longer-due = Sie müssen ihn nicht mehr bezahlen. Buchungsnummer { $booking }
    .returned = Den Betrag von { $received }, den wir erhalten haben, erstatten wir.

### To therapists. Subjects are as neutral as a client's; the text names the client.

client = Klientin oder Klient: { $client }
client-without-name = ohne Namen

therapist-booked =
    .subject = Gebucht: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ein neuer Termin
    .opening = Dieser Termin wurde in Ihrem Kalender gebucht:
    .after = Der Link gehört nur Ihnen. Bitte geben Sie ihn nicht weiter.

therapist-booked-series =
    .subject = Gebucht: { $count } Termine ab dem { $short_date }
    .heading = { $count } neue Termine
    .opening = Diese Termine wurden in Ihrem Kalender gebucht:
    .after = Die Links gehören nur Ihnen. Bitte geben Sie keinen weiter.

therapist-rescheduled =
    .subject = Neue Zeit: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ein Termin hat eine neue Zeit
    .opening = Dieser Termin in Ihrem Kalender wurde verschoben. Er findet jetzt zu dieser Zeit statt:
    .after = Der Link gehört nur Ihnen. Bitte geben Sie ihn nicht weiter. Der angehängte Kalendereintrag enthält die neue Zeit.

therapist-rescheduled-series =
    .subject = Neue Zeiten: { $count } Termine ab dem { $short_date }
    .heading = { $count } Termine haben neue Zeiten
    .opening = Diese Termine in Ihrem Kalender wurden verschoben. Die neuen Zeiten sind:
    .after = Die Links gehören nur Ihnen. Bitte geben Sie keinen weiter. Die angehängte Kalenderdatei enthält die neuen Zeiten.

therapist-cancelled =
    .subject = Abgesagt: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ein Termin wurde abgesagt
    .opening = Die Klientin oder der Klient hat diesen Termin in Ihrem Kalender abgesagt:
    .opening-by-recipient = Sie haben diesen Termin in Ihrem Kalender abgesagt:
    .opening-by-practice = Die Praxis hat diesen Termin in Ihrem Kalender abgesagt:
    .after = Die Zeit ist wieder frei. Der angehängte Kalendereintrag ist als abgesagt gekennzeichnet. Bitte prüfen Sie, ob der Termin aus Ihrem Kalender entfernt wurde.

therapist-reassigned =
    .subject = Übergeben: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ein Termin wurde übergeben
    .opening = { $therapist } übernimmt diesen Termin, der in Ihrem Kalender stand:
    .opening-without-name = Eine Kollegin oder ein Kollege übernimmt diesen Termin, der in Ihrem Kalender stand:
    .after = Die Zeit ist wieder frei. Der angehängte Kalendereintrag ist als abgesagt gekennzeichnet. Bitte prüfen Sie, ob der Termin aus Ihrem Kalender entfernt wurde.

therapist-updated =
    .subject = Änderung: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Die Dauer eines Termins hat sich geändert
    .opening = Dieser Termin in Ihrem Kalender dauert jetzt { $duration }:
    .after = Der Link gehört nur Ihnen. Bitte geben Sie ihn nicht weiter. Der angehängte Kalendereintrag enthält die neue Dauer.

therapist-cancelled-series =
    .subject = Abgesagt: { $count } Termine ab dem { $short_date }
    .heading = { $count } Termine wurden abgesagt
    .opening = Die Klientin oder der Klient hat diese Termine in Ihrem Kalender abgesagt:
    .opening-by-recipient = Sie haben diese Termine in Ihrem Kalender abgesagt:
    .opening-by-practice = Die Praxis hat diese Termine in Ihrem Kalender abgesagt:
    .after = Die Zeiten sind wieder frei. Bitte prüfen Sie, ob die Termine aus Ihrem Kalender entfernt wurden.

therapist-payment =
    .subject = Zahlung eingegangen: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Eine Zahlung ist eingegangen
    .opening = Eine Zahlung von { $amount } ist am { $received_at } eingegangen. Die Buchungsnummer ist { $booking }:
    .after = Die Klientin oder der Klient erhält eine Quittung.

therapist-payment-series =
    .subject = Zahlungen eingegangen: { $count } Termine ab dem { $short_date }
    .heading = { $count } Zahlungen sind eingegangen
    .opening = Wir haben für diese Termine insgesamt { $total } erhalten:
    .after = Die Klientin oder der Klient erhält eine Quittung.

therapist-payment-review =
    .subject = Bitte prüfen: Zahlung zum Termin am { $short_date }, { $time } ({ $offset })
    .heading = Eine Zahlung muss geprüft werden
    .opening = Bei der Zahlung für diesen Termin stimmt etwas nicht mit dem fälligen Betrag überein, oder eine Erstattung ist fehlgeschlagen:
    .after = Was es ist, steht in der Liste der Zahlungsprobleme der Praxis. Die Klientin oder der Klient erfährt davon erst, wenn sich jemand die Zahlung angesehen hat.

agenda =
    .subject = Ihre Termine am { $date }
    .heading = Ihre Termine am { $date }
    .opening = Das sind Ihre Termine des Tages:
    .after = Die Links gehören nur Ihnen. Bitte geben Sie keinen weiter. Was nach dem Versand dieser E-Mail gebucht oder geändert wurde, steht nicht darin.

### To the owners of accounts. Someone else may have caused the email, so each one says what to do then.

# Below the button.
works-once = Der Link funktioniert einmal, bis { $expires }.

# Below a link of a client who chose a time before.
chosen-slot = Der Link führt zu dem Termin zurück, den Sie gewählt haben: { $start }. Er ist erst für Sie reserviert, wenn Sie ihn buchen.

# Below what someone else could have done with the account.
if-not-you = Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, legen Sie bitte sofort ein neues Passwort fest und wenden Sie sich an die Praxis.

password-reset =
    .subject = Neues Passwort festlegen
    .heading = Neues Passwort festlegen
    .opening = Mit diesem Link können Sie ein neues Passwort für Ihr Konto festlegen:
    .button = Neues Passwort festlegen
    .after = Wenn Sie das nicht angefordert haben, können Sie diese E-Mail ignorieren. Ihr Passwort bleibt, wie es ist.

login-link =
    .subject = Ihr Link zum Anmelden
    .heading = Ohne Passwort anmelden
    .opening = Mit diesem Link können Sie sich ohne Passwort in Ihrem Konto anmelden:
    .button = Anmelden
    .after = Der Link ist persönlich. Bitte geben Sie ihn nicht weiter. Wenn Sie das nicht angefordert haben, können Sie diese E-Mail ignorieren.

email-verification =
    .subject = Bitte bestätigen Sie Ihre E-Mail-Adresse
    .heading = Bitte bestätigen Sie Ihre E-Mail-Adresse
    .opening = Mit dieser E-Mail-Adresse wurde bei uns ein Konto angelegt ({ $practice }). Mit diesem Link bestätigen Sie, dass die Adresse Ihnen gehört:
    .button = Diese Adresse bestätigen
    .after = Wenn Sie das nicht angefordert haben, können Sie diese E-Mail ignorieren.

email-confirmation =
    .subject = Bitte bestätigen Sie Ihre neue E-Mail-Adresse
    .heading = Bitte bestätigen Sie Ihre neue E-Mail-Adresse
    .opening = Diese E-Mail-Adresse wurde für ein Konto bei uns eingetragen ({ $practice }). Mit diesem Link bestätigen Sie, dass sie Ihnen gehört:
    .button = Diese Adresse verwenden
    .after = Bis dahin behält das Konto seine jetzige Adresse. Wenn Sie das nicht angefordert haben, können Sie diese E-Mail ignorieren.

# To the former address.
email-changed =
    .subject = Die E-Mail-Adresse Ihres Kontos wurde geändert
    .heading = Ihre E-Mail-Adresse wurde geändert
    .opening = Ihr Konto bei uns ({ $practice }) verwendet die Adresse nicht mehr, an die wir diese E-Mail gesendet haben. Es verwendet jetzt diese:
    .button = Änderung rückgängig machen
    .after = Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, machen Sie die Änderung bitte rückgängig: Ihr Konto erhält diese Adresse zurück, alle, die es verwenden, werden abgemeldet, und Sie werden gebeten, ein neues Passwort festzulegen.

account-invitation =
    .subject = Ihr Konto: Bitte legen Sie ein Passwort fest
    .heading = Sie haben ein Konto
    .opening = Wir haben ein Konto für Sie angelegt ({ $practice }). Mit diesem Link legen Sie ein Passwort dafür fest:
    .button = Passwort festlegen
    .after = Wenn Sie das Konto nicht verwenden möchten, können Sie diese E-Mail ignorieren. E-Mails zu Ihren Terminen senden wir Ihnen in jedem Fall.

registration-attempt =
    .subject = Sie haben bereits ein Konto
    .heading = Sie haben bereits ein Konto
    .opening = Jemand, vielleicht Sie selbst, hat versucht, sich bei uns mit dieser E-Mail-Adresse zu registrieren ({ $practice }). Sie haben damit bereits ein Konto, daher wurde kein weiteres angelegt.
    .after = Wenn Sie das waren, melden Sie sich bitte stattdessen an, oder fordern Sie einen Link an, um ein neues Passwort festzulegen. Wenn nicht, müssen Sie nichts tun.

password-changed =
    .subject = Ihr Passwort wurde geändert
    .heading = Ihr Passwort wurde geändert
    .opening = Das Passwort Ihres Kontos wurde am { $when } geändert.
    .after = { if-not-you }

second-factor-added =
    .subject = Ein zweiter Faktor wurde eingerichtet
    .heading = Ein zweiter Faktor wurde eingerichtet
    .opening = Für Ihr Konto wurde am { $when } eine Authenticator-App eingerichtet. Von jetzt an melden Sie sich zusätzlich mit einem Code dieser App an.
    .after = { if-not-you }

second-factor-removed =
    .subject = Der zweite Faktor wurde entfernt
    .heading = Der zweite Faktor wurde entfernt
    .opening = Die Authenticator-App wurde am { $when } aus Ihrem Konto entfernt. Von jetzt an melden Sie sich ohne Code an.
    .after = { if-not-you }

role-changed =
    .subject = Die Rechte Ihres Kontos haben sich geändert
    .heading = Die Rechte Ihres Kontos haben sich geändert
    .opening = Ihr Konto hat keine Administrationsrechte mehr.
    .opening-admin = Ihr Konto hat jetzt Administrationsrechte und kann in der Praxis alles sehen und ändern.
    .after = Wenn Sie das nicht erwartet haben, wenden Sie sich bitte an die Praxis.

account-disabled =
    .subject = Ihr Konto wurde gesperrt
    .heading = Ihr Konto wurde gesperrt
    .opening = Ihr Konto wurde am { $when } gesperrt.
    .after = Ab sofort können Sie sich nicht mehr anmelden, die Links in unseren E-Mails funktionieren nicht mehr, und Sie erhalten keine weiteren E-Mails. Wenn Sie das nicht erwartet haben, wenden Sie sich bitte an die Praxis.

new-login =
    .subject = Neue Anmeldung in Ihrem Konto
    .heading = Eine neue Anmeldung in Ihrem Konto
    .opening = In Ihrem Konto gab es eine Anmeldung von einem Gerät und aus einem Netz, die Sie in letzter Zeit nicht verwendet haben:
    .program = Programm: { $program }
    .after = { if-not-you }

payment-status =
    .not_required = keine Zahlung fällig
    .pending = noch nicht bezahlt
    .processing = Zahlung läuft
    .succeeded = bezahlt
    .failed = Zahlung fehlgeschlagen
    .cancelled = nicht bezahlt
    .refund_pending = Erstattung läuft
    .partially_refunded = teilweise erstattet
    .refunded = erstattet
