### What differs for readers who are addressed with du.

book-step-who = Deine Angaben

book-time = Wann passt es dir?
book-service = Was möchtest du buchen?
book-none =
    { $count ->
        [one] Am nächsten Tag ist keine Zeit frei, und weiter im Voraus kann hier nicht gebucht werden. Bitte versuche es später noch einmal, oder wende dich an die Praxis.
       *[other] In den nächsten { $count } Tagen ist keine Zeit frei, und weiter im Voraus kann hier nicht gebucht werden. Bitte versuche es später noch einmal, oder wende dich an die Praxis.
    }
book-none-from = Ab dem { $date } gibt es noch keine freien Zeiten. Bitte sieh dir frühere an.
book-zone-hint = Dein Browser ist auf eine andere Zeitzone eingestellt: { $zone }.
book-taken-sentence = { $when } ist inzwischen gebucht oder kann hier nicht mehr gebucht werden. Es wurde nichts berechnet. Bitte wähle eine andere Zeit.
book-taken-note = Deine Nachricht bleibt erhalten.
book-closed-sentence = Im Moment können hier keine Termine gebucht werden. Bitte wende dich an die Praxis.

book-who = Wer bist du?
book-slot-heading = Dein Termin
book-not-reserved = Diese Zeit wird erst im letzten Schritt reserviert, wenn du buchst.
book-new-sentence = Bitte sag uns, wer du bist. Wir senden dir per E-Mail einen Link, der deine Adresse bestätigt und zu diesem Termin zurückführt.
book-new-wrong = Eine Angabe stimmt noch nicht. Dein Termin bleibt gewählt.
book-new-no-password = Ein Passwort brauchst du nicht. Du kannst später in deinem Konto eines festlegen.
book-new-closed = Neue Konten legt die Praxis an. Bitte wende dich an uns.

book-mailed = Wir haben dir eine E-Mail gesendet. Bitte öffne den Link darin, um mit deinem Termin fortzufahren: { $when }.
book-mailed-not-reserved = Er ist erst für dich reserviert, wenn du ihn buchst.

book-you = Deine Angaben
book-move-late = Dieser Termin beginnt so bald, dass er hier nicht verschoben werden kann. Bitte wende dich an die Praxis.
book-cancel-full = Bis zum Beginn: Du erhältst { $amount } zurück, den vollen Betrag.
book-cancel-part = Bis { $when }: Du erhältst { $amount } zurück, den vollen Betrag. Danach: { $late }.
book-cancel-nothing = Bis { $when }: Du erhältst { $amount } zurück, den vollen Betrag. Danach wird nichts erstattet.
book-cancel-late-part = Dieser Termin beginnt bald: Du erhältst { $late } von { $amount } zurück.
book-note-hint = Für deine Therapeutin oder deinen Therapeuten. Höchstens { $max } Zeichen.
book-note-too-long = Bitte kürze die Nachricht auf { $max } Zeichen.
book-pay-online = Du bezahlst auf der Seite unseres Zahlungsdienstes. Diese Zeit ist für { $minutes } reserviert und bestätigt, sobald deine Zahlung eingegangen ist.
book-pay-offline = Diese Zeit ist bis { $until } reserviert und bestätigt, sobald deine Zahlung eingegangen ist. Wie du bezahlst, erfährst du auf der nächsten Seite und per E-Mail.
