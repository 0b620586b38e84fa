### What differs for readers who are addressed with du.

greeting = Hallo { $name }!
greeting-without-name = Hallo!
closing = Viele Grüße
pay-practice = Wenn du nicht weißt, wie du bezahlen kannst, wende dich bitte an die Praxis.

keep-email = Der Link ist persönlich. Bitte gib ihn nicht weiter. Der angehängte Kalendereintrag enthält ihn nicht. Bitte bewahre diese E-Mail deshalb auf.

meeting-info =
    .subject = Dein Termin am { $short_date }, { $time } ({ $offset })
    .heading = Dein Termin ist bestätigt
    .opening = Wir freuen uns auf dich:
    .after = { keep-email }

reminder =
    .subject = Erinnerung: dein Termin am { $short_date }, { $time } ({ $offset })
    .heading = Dein Termin beginnt bald
    .opening = Dein Termin beginnt { $starts_in }:
    .after = { keep-email }

invitation =
    .subject = Einladung: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Du bist zu einem Termin eingeladen
    .opening = Wir laden dich zu diesem Termin ein ({ $practice }):
    .after = Du brauchst kein Konto. { keep-email }

rescheduled =
    .subject = Neue Zeit: dein Termin am { $short_date }, { $time } ({ $offset })
    .heading = Dein Termin hat eine neue Zeit
    .opening = Dein Termin wurde verschoben. Die neue Zeit ist:
    .was = Bisher: { $was }
    .after = Der Link ist persönlich. Bitte gib ihn nicht weiter. Der angehängte Kalendereintrag enthält die neue Zeit, aber nicht den Link. Bitte bewahre diese E-Mail deshalb auf.

moved-back =
    .subject = Unverändert: dein Termin am { $short_date }, { $time } ({ $offset })
    .heading = Dein Termin bleibt, wie er war
    .opening = Dein Termin wurde verschoben und dann wieder zurückverlegt. Er findet zu der Zeit statt, die du kennst:
    .after = { keep-email }

cancelled =
    .subject = Abgesagt: dein Termin am { $short_date }, { $time } ({ $offset })
    .heading = Dein Termin ist abgesagt
    .opening = Dieser Termin wurde abgesagt:
    .opening-by-recipient = Du hast diesen Termin abgesagt:
    .opening-by-practice = Wir haben diesen Termin abgesagt:
    .reason = Unser Grund: { $reason }
    .refund = Wir erstatten deine Zahlung von { $refund } vollständig, in der Regel innerhalb von 5 bis 10 Tagen.
    .refund-by-hand = Wir erstatten deine Zahlung von { $refund } vollständig und zahlen dir das Geld selbst zurück.
    .part = Von deiner Zahlung erstatten wir { $refund }, in der Regel innerhalb von 5 bis 10 Tagen. Wir behalten { $kept }, weil die Frist für eine kostenlose Absage am { $free_until } endete.
    .part-by-hand = Von deiner Zahlung erstatten wir { $refund } und zahlen dir das Geld selbst zurück. Wir behalten { $kept }, weil die Frist für eine kostenlose Absage am { $free_until } endete.
    .kept = Wir behalten deine Zahlung von { $kept }, weil die Frist für eine kostenlose Absage am { $free_until } endete.
    .book-again = Wenn du einen anderen Termin möchtest, buche bitte erneut.
    .book-again-at = Wenn du einen anderen Termin möchtest, kannst du ihn auf { $website } buchen.
    .book-again-contact = Wenn du einen anderen Termin möchtest, wende dich bitte an uns. Wie du uns erreichst, steht am Ende dieser E-Mail.
    .after = Der angehängte Kalendereintrag ist als abgesagt gekennzeichnet. Bitte prüfe, ob der Termin aus deinem Kalender entfernt wurde.

reassigned =
    .subject = Änderung: dein Termin am { $short_date }, { $time } ({ $offset })
    .heading = Dein Termin wird von einer anderen Person übernommen
    .opening = { $therapist } übernimmt deinen Termin. Alles andere bleibt, wie es ist:
    .opening-without-name = Eine Kollegin oder ein Kollege übernimmt deinen Termin. Alles andere bleibt, wie es ist:
    .after = { keep-email }

updated =
    .subject = Änderung: dein Termin am { $short_date }, { $time } ({ $offset })
    .heading = Die Dauer deines Termins hat sich geändert
    .opening = Dein Termin dauert jetzt { $duration }:
    .after = Der Link ist persönlich. Bitte gib ihn nicht weiter. Der angehängte Kalendereintrag enthält die neue Dauer, aber nicht den Link. Bitte bewahre diese E-Mail deshalb auf.

meeting-link =
    .subject = Dein Link für den Termin am { $short_date }, { $time } ({ $offset })
    .heading = Dein Link
    .opening = Hier ist noch einmal dein Link für diesen Termin:
    .after = Links in früheren E-Mails funktionieren möglicherweise nicht mehr, bitte verwende diesen. { keep-email }

receipt =
    .subject = Zahlung erhalten: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Danke für deine Zahlung
    .opening = Wir haben deine Zahlung von { $amount } am { $received_at } erhalten. Die Buchungsnummer ist { $booking }:
    .after = Diese E-Mail ist deine Quittung, bitte bewahre sie auf. Eine Rechnung im steuerlichen Sinn ist sie nicht.
    .after-part = Noch zu zahlen: { $left } bis { $pay_until }. Bis dahin halten wir diese Zeit für dich frei. Diese E-Mail ist deine Quittung, bitte bewahre sie auf. Eine Rechnung im steuerlichen Sinn ist sie nicht.

payment-failed =
    .subject = Zahlung fehlgeschlagen: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Deine Zahlung ist fehlgeschlagen
    .opening = Deine Zahlung von { $amount } für diesen Termin ist fehlgeschlagen. Dir wurde nichts berechnet:
    .after = Ohne die Zahlung konnten wir diese Zeit nicht für dich freihalten. Wenn du weiterhin einen Termin möchtest, buche bitte erneut.
    .after-while-held = Wir halten diese Zeit bis { $retry_until } für dich frei. Bis dahin kannst du in deinen Buchungen noch einmal bezahlen.

payment-will-be-refunded =
    .subject = Zahlung wird erstattet: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Deine Zahlung wird erstattet
    .opening = Deine Zahlung von { $amount } kam für diesen Termin zu spät an, oder der Termin war bereits bezahlt:
    .after = Wir erstatten den vollen Betrag automatisch, in der Regel innerhalb von 5 bis 10 Tagen. Du musst nichts tun. In deinen Buchungen siehst du, ob der Termin bestätigt ist.

refund =
    .subject = Deine Erstattung: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Deine Erstattung ist unterwegs
    .opening = Wir haben dir { $amount } am { $refunded_at } erstattet. Die Buchungsnummer ist { $booking }:
    .after = Es kann einige Tage dauern, bis deine Bank den Betrag anzeigt.

payment-instructions =
    .subject = So bezahlst du: dein Termin am { $short_date }, { $time } ({ $offset })
    .heading = Bitte bezahle deinen Termin
    .opening = Bitte zahle { $amount } bis { $pay_until }, mit dem Verwendungszweck { $booking }. Bis dahin halten wir diese Zeit für dich frei:
    .after = Sobald wir deine Zahlung erhalten haben, ist dein Termin bestätigt, und du erhältst eine E-Mail mit allem, was du brauchst.

payment-request =
    .subject = Bitte bezahlen: dein Termin am { $short_date }, { $time } ({ $offset })
    .heading = Bitte bezahle deinen Termin
    .opening = Wir haben diese Zeit für dich reserviert. Bitte zahle { $amount } bis { $pay_until }:
    .after = Sobald du bezahlt hast, ist dein Termin bestätigt, und du erhältst eine E-Mail mit allem, was du brauchst. Wenn du den Termin nicht möchtest, musst du nichts tun. Die Buchungsnummer ist { $booking }.

payment-reminder =
    .subject = Noch nicht bezahlt: dein Termin am { $short_date }, { $time } ({ $offset })
    .heading = Dein Termin ist noch nicht bezahlt
    .opening = Wir halten diese Zeit bis { $pay_until } für dich frei. Bitte zahle bis dahin { $amount }:
    .after = Wenn du den Termin nicht möchtest, musst du nichts tun. Die Buchungsnummer ist { $booking }.

hold-expired =
    .subject = Nicht gebucht: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Wir halten diese Zeit nicht mehr für dich frei
    .opening = Wir haben deine Zahlung von { $amount } nicht rechtzeitig erhalten, daher ist dieser Termin nicht gebucht:
    .after = Wenn du weiterhin einen Termin möchtest, buche bitte erneut. Wenn du bereits bezahlt hast, wende dich bitte an die Praxis und nenne die Buchungsnummer { $booking }.
    .after-part = Den Betrag von { $received }, den wir erhalten haben, erstatten wir. Wenn du weiterhin einen Termin möchtest, buche bitte erneut. Fragen? Bitte nenne die Buchungsnummer { $booking }.

cancelled-unpaid =
    .subject = Abgesagt: dein Termin am { $short_date }, { $time } ({ $offset })
    .heading = Dein Termin ist abgesagt
    .opening = Dieser Termin wurde abgesagt:
    .opening-by-recipient = Du hast diesen Termin abgesagt:
    .opening-by-practice = Wir haben diesen Termin abgesagt:
    .after-part = Du musst ihn nicht mehr bezahlen. Den Betrag von { $received }, den wir erhalten haben, erstatten wir. Fragen? Bitte nenne die Buchungsnummer { $booking }.
    .after = Du musst ihn nicht mehr bezahlen. Wenn du bereits bezahlt hast, wende dich bitte an die Praxis und nenne die Buchungsnummer { $booking }.

meeting-info-series =
    .subject = Deine { $count } Termine ab dem { $short_date }
    .heading = Deine { $count } Termine sind bestätigt
    .opening = Wir freuen uns auf dich:
    .after = Jeder Link ist persönlich. Bitte gib keinen weiter. Die angehängte Kalenderdatei enthält alle { $count } Termine, aber nicht die Links. Bitte bewahre diese E-Mail deshalb auf.

rescheduled-series =
    .subject = Neue Zeiten: deine { $count } Termine ab dem { $short_date }
    .heading = Deine { $count } Termine haben neue Zeiten
    .opening = Diese Termine wurden verschoben. Die neuen Zeiten sind:
    .after = Jeder Link ist persönlich. Bitte gib keinen weiter. Die angehängte Kalenderdatei enthält die neuen Zeiten, aber nicht die Links. Bitte bewahre diese E-Mail deshalb auf.

cancelled-series =
    .subject = Abgesagt: deine { $count } Termine ab dem { $short_date }
    .heading = Deine { $count } Termine sind abgesagt
    .opening = Diese Termine wurden abgesagt:
    .opening-by-recipient = Du hast diese Termine abgesagt:
    .opening-by-practice = Wir haben diese Termine abgesagt:
    .after = Bitte prüfe, ob die Termine aus deinem Kalender entfernt wurden.

receipt-series =
    .subject = Zahlungen erhalten: { $count } Termine ab dem { $short_date }
    .heading = Danke für deine Zahlungen
    .opening = Wir haben von dir { $total } für { $count } Termine erhalten:
    .after = Diese E-Mail ist deine Quittung, bitte bewahre sie auf. Eine Rechnung im steuerlichen Sinn ist sie nicht.

payment-instructions-series =
    .subject = So bezahlst du: deine { $count } Termine ab dem { $short_date }
    .heading = Bitte bezahle deine Termine
    .opening = Bitte bezahle diese { $count } Termine, insgesamt { $total }. Wir halten jede Zeit für dich frei, bis ihre Zahlung fällig ist:
    .after = Sobald wir die Zahlung für einen Termin erhalten haben, ist er bestätigt, und du erhältst eine E-Mail mit allem, was du brauchst.

payment-request-series =
    .subject = Bitte bezahlen: deine { $count } Termine ab dem { $short_date }
    .heading = Bitte bezahle deine Termine
    .opening = Wir haben diese { $count } Zeiten für dich reserviert. Bitte bezahle jeden Termin rechtzeitig, insgesamt { $total }:
    .after = Sobald du einen Termin bezahlt hast, ist er bestätigt, und du erhältst eine E-Mail mit allem, was du brauchst. Für einen Termin, den du nicht möchtest, musst du nichts tun.

payment-reminder-series =
    .subject = Noch nicht bezahlt: deine { $count } Termine ab dem { $short_date }
    .heading = Diese Termine sind noch nicht bezahlt
    .opening = Wir halten diese { $count } Zeiten für dich frei. Bitte bezahle jeden Termin rechtzeitig, insgesamt { $total }:
    .after = Für einen Termin, den du nicht möchtest, musst du nichts tun.

hold-expired-series =
    .subject = Nicht gebucht: { $count } Termine ab dem { $short_date }
    .heading = Wir halten diese Zeiten nicht mehr für dich frei
    .opening = Wir haben deine Zahlung nicht rechtzeitig erhalten, daher sind diese Termine nicht gebucht:
    .after = Wenn du weiterhin einen Termin möchtest, buche bitte erneut. Wenn du bereits bezahlt hast, wende dich bitte an die Praxis und nenne die Buchungsnummer.

series-payment =
    .received = { $amount } erhalten am { $received_at }, Buchungsnummer { $booking }
    .due = { $amount } zu zahlen bis { $pay_until }, Buchungsnummer { $booking }
    .not-received = { $amount } nicht erhalten, Buchungsnummer { $booking }
    .no-longer-due = Du musst ihn nicht mehr bezahlen. Buchungsnummer { $booking }
    .returned = Den Betrag von { $received }, den wir erhalten haben, erstatten wir.

therapist-booked =
    .subject = Gebucht: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ein neuer Termin
    .opening = Dieser Termin wurde in deinem Kalender gebucht:
    .after = Der Link gehört nur dir. Bitte gib ihn nicht weiter.

therapist-booked-series =
    .subject = Gebucht: { $count } Termine ab dem { $short_date }
    .heading = { $count } neue Termine
    .opening = Diese Termine wurden in deinem Kalender gebucht:
    .after = Die Links gehören nur dir. Bitte gib keinen weiter.

therapist-rescheduled =
    .subject = Neue Zeit: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ein Termin hat eine neue Zeit
    .opening = Dieser Termin in deinem Kalender wurde verschoben. Er findet jetzt zu dieser Zeit statt:
    .after = Der Link gehört nur dir. Bitte gib ihn nicht weiter. Der angehängte Kalendereintrag enthält die neue Zeit.

therapist-rescheduled-series =
    .subject = Neue Zeiten: { $count } Termine ab dem { $short_date }
    .heading = { $count } Termine haben neue Zeiten
    .opening = Diese Termine in deinem Kalender wurden verschoben. Die neuen Zeiten sind:
    .after = Die Links gehören nur dir. Bitte gib keinen weiter. Die angehängte Kalenderdatei enthält die neuen Zeiten.

therapist-cancelled =
    .subject = Abgesagt: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ein Termin wurde abgesagt
    .opening = Die Klientin oder der Klient hat diesen Termin in deinem Kalender abgesagt:
    .opening-by-recipient = Du hast diesen Termin in deinem Kalender abgesagt:
    .opening-by-practice = Die Praxis hat diesen Termin in deinem Kalender abgesagt:
    .after = Die Zeit ist wieder frei. Der angehängte Kalendereintrag ist als abgesagt gekennzeichnet. Bitte prüfe, ob der Termin aus deinem Kalender entfernt wurde.

therapist-reassigned =
    .subject = Übergeben: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Ein Termin wurde übergeben
    .opening = { $therapist } übernimmt diesen Termin, der in deinem Kalender stand:
    .opening-without-name = Eine Kollegin oder ein Kollege übernimmt diesen Termin, der in deinem Kalender stand:
    .after = Die Zeit ist wieder frei. Der angehängte Kalendereintrag ist als abgesagt gekennzeichnet. Bitte prüfe, ob der Termin aus deinem Kalender entfernt wurde.

therapist-updated =
    .subject = Änderung: Termin am { $short_date }, { $time } ({ $offset })
    .heading = Die Dauer eines Termins hat sich geändert
    .opening = Dieser Termin in deinem Kalender dauert jetzt { $duration }:
    .after = Der Link gehört nur dir. Bitte gib ihn nicht weiter. Der angehängte Kalendereintrag enthält die neue Dauer.

therapist-cancelled-series =
    .subject = Abgesagt: { $count } Termine ab dem { $short_date }
    .heading = { $count } Termine wurden abgesagt
    .opening = Die Klientin oder der Klient hat diese Termine in deinem Kalender abgesagt:
    .opening-by-recipient = Du hast diese Termine in deinem Kalender abgesagt:
    .opening-by-practice = Die Praxis hat diese Termine in deinem Kalender abgesagt:
    .after = Die Zeiten sind wieder frei. Bitte prüfe, ob die Termine aus deinem Kalender entfernt wurden.

agenda =
    .subject = Deine Termine am { $date }
    .heading = Deine Termine am { $date }
    .opening = Das sind deine Termine des Tages:
    .after = Die Links gehören nur dir. Bitte gib keinen weiter. Was nach dem Versand dieser E-Mail gebucht oder geändert wurde, steht nicht darin.

if-not-you = Wenn du das warst, musst du nichts tun. Wenn nicht, lege bitte sofort ein neues Passwort fest und wende dich an die Praxis.

password-reset =
    .subject = Neues Passwort festlegen
    .heading = Neues Passwort festlegen
    .opening = Mit diesem Link kannst du ein neues Passwort für dein Konto festlegen:
    .button = Neues Passwort festlegen
    .after = Wenn du das nicht angefordert hast, kannst du diese E-Mail ignorieren. Dein Passwort bleibt, wie es ist.

chosen-slot = Der Link führt zu dem Termin zurück, den du gewählt hast: { $start }. Er ist erst für dich reserviert, wenn du ihn buchst.

login-link =
    .subject = Dein Link zum Anmelden
    .heading = Ohne Passwort anmelden
    .opening = Mit diesem Link kannst du dich ohne Passwort in deinem Konto anmelden:
    .button = Anmelden
    .after = Der Link ist persönlich. Bitte gib ihn nicht weiter. Wenn du das nicht angefordert hast, kannst du diese E-Mail ignorieren.

email-verification =
    .subject = Bitte bestätige deine E-Mail-Adresse
    .heading = Bitte bestätige deine E-Mail-Adresse
    .opening = Mit dieser E-Mail-Adresse wurde bei uns ein Konto angelegt ({ $practice }). Mit diesem Link bestätigst du, dass die Adresse dir gehört:
    .button = Diese Adresse bestätigen
    .after = Wenn du das nicht angefordert hast, kannst du diese E-Mail ignorieren.

email-confirmation =
    .subject = Bitte bestätige deine neue E-Mail-Adresse
    .heading = Bitte bestätige deine neue E-Mail-Adresse
    .opening = Diese E-Mail-Adresse wurde für ein Konto bei uns eingetragen ({ $practice }). Mit diesem Link bestätigst du, dass sie dir gehört:
    .button = Diese Adresse verwenden
    .after = Bis dahin behält das Konto seine jetzige Adresse. Wenn du das nicht angefordert hast, kannst du diese E-Mail ignorieren.

email-changed =
    .subject = Die E-Mail-Adresse deines Kontos wurde geändert
    .heading = Deine E-Mail-Adresse wurde geändert
    .opening = Dein Konto bei uns ({ $practice }) verwendet die Adresse nicht mehr, an die wir diese E-Mail gesendet haben. Es verwendet jetzt diese:
    .button = Änderung rückgängig machen
    .after = Wenn du das warst, musst du nichts tun. Wenn nicht, mache die Änderung bitte rückgängig: Dein Konto erhält diese Adresse zurück, alle, die es verwenden, werden abgemeldet, und du wirst gebeten, ein neues Passwort festzulegen.

account-invitation =
    .subject = Dein Konto: Bitte lege ein Passwort fest
    .heading = Du hast ein Konto
    .opening = Wir haben ein Konto für dich angelegt ({ $practice }). Mit diesem Link legst du ein Passwort dafür fest:
    .button = Passwort festlegen
    .after = Wenn du das Konto nicht verwenden möchtest, kannst du diese E-Mail ignorieren. E-Mails zu deinen Terminen senden wir dir in jedem Fall.

registration-attempt =
    .subject = Du hast bereits ein Konto
    .heading = Du hast bereits ein Konto
    .opening = Jemand, vielleicht du selbst, hat versucht, sich bei uns mit dieser E-Mail-Adresse zu registrieren ({ $practice }). Du hast damit bereits ein Konto, daher wurde kein weiteres angelegt.
    .after = Wenn du das warst, melde dich bitte stattdessen an, oder fordere einen Link an, um ein neues Passwort festzulegen. Wenn nicht, musst du nichts tun.

password-changed =
    .subject = Dein Passwort wurde geändert
    .heading = Dein Passwort wurde geändert
    .opening = Das Passwort deines Kontos wurde am { $when } geändert.
    .after = { if-not-you }

second-factor-added =
    .subject = Ein zweiter Faktor wurde eingerichtet
    .heading = Ein zweiter Faktor wurde eingerichtet
    .opening = Für dein Konto wurde am { $when } eine Authenticator-App eingerichtet. Von jetzt an meldest du dich zusätzlich mit einem Code dieser App an.
    .after = { if-not-you }

second-factor-removed =
    .subject = Der zweite Faktor wurde entfernt
    .heading = Der zweite Faktor wurde entfernt
    .opening = Die Authenticator-App wurde am { $when } aus deinem Konto entfernt. Von jetzt an meldest du dich ohne Code an.
    .after = { if-not-you }

role-changed =
    .subject = Die Rechte deines Kontos haben sich geändert
    .heading = Die Rechte deines Kontos haben sich geändert
    .opening = Dein Konto hat keine Administrationsrechte mehr.
    .opening-admin = Dein Konto hat jetzt Administrationsrechte und kann in der Praxis alles sehen und ändern.
    .after = Wenn du das nicht erwartet hast, wende dich bitte an die Praxis.

account-disabled =
    .subject = Dein Konto wurde gesperrt
    .heading = Dein Konto wurde gesperrt
    .opening = Dein Konto wurde am { $when } gesperrt.
    .after = Ab sofort kannst du dich nicht mehr anmelden, die Links in unseren E-Mails funktionieren nicht mehr, und du erhältst keine weiteren E-Mails. Wenn du das nicht erwartet hast, wende dich bitte an die Praxis.

new-login =
    .subject = Neue Anmeldung in deinem Konto
    .heading = Eine neue Anmeldung in deinem Konto
    .opening = In deinem Konto gab es eine Anmeldung von einem Gerät und aus einem Netz, die du in letzter Zeit nicht verwendet hast:
    .program = Programm: { $program }
    .after = { if-not-you }
