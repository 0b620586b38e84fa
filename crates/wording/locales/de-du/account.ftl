### What differs for readers who are addressed with du.

account = Dein Konto
account-back = Zurück zu deinem Konto
account-saved-profile = Deine Änderungen sind gespeichert.
account-saved-password = Dein neues Passwort ist festgelegt. Alle anderen Geräte sind abgemeldet.
account-saved-second-factor = Dein zweiter Faktor ist entfernt.

account-preferred-name-hint = Wie wir dich in E-Mails und Terminen nennen, wenn es nicht dein Vor- und Nachname ist.
account-zone-hint = In ihr nennen wir dir Zeiten, zum Beispiel Europe/Berlin. Wenn das Feld leer bleibt, gilt die Zeitzone der Praxis, { $zone }.
account-zone-invalid = Diese Zeitzone kennen wir nicht. Bitte wähle eine aus der Liste, zum Beispiel Europe/Berlin.
account-language-hint = Die Sprache unserer E-Mails und dieser Seiten, wenn du dort keine andere wählst.

account-calendar = Deine Termine in deinem Kalender
account-calendar-sentence = Dein Kalenderprogramm kann deine Termine anzeigen und ihren Änderungen folgen. Es abonniert dazu eine Adresse, die nur für dich erstellt wird.
account-calendar-content = Es erfährt die Zeiten und den Namen der Praxis. Jeder Eintrag heißt „{ $title }“ und führt zu einer Seite hier, für die du dich anmelden musst. Unbezahlte und abgesagte Termine fehlen darin, ebenso alle Namen und Beträge.
account-calendar-added = Der Kalender ist eingeschaltet. Bitte abonniere jetzt seine Adresse.
account-calendar-hint = Wer diese Adresse hat, kann deine Zeiten sehen. Bitte gib sie nicht weiter. Die Adresse bleibt gleich, wenn du dein Passwort oder deine E-Mail-Adresse änderst.
account-calendar-by-hand = Wenn sich nichts öffnet, kopiere die Adresse, und gib sie in deinem Kalenderprogramm dort ein, wo du einen Kalender abonnieren oder aus dem Internet hinzufügen kannst. Wie bald dort eine Änderung erscheint, hängt vom Programm ab; es kann einen Tag dauern.
account-calendar-renew-sentence = Wenn jemand anderes die Adresse erfahren hat, erstelle eine neue. Die jetzige funktioniert dann sofort nicht mehr, und du musst den Kalender neu abonnieren.
account-calendar-renewed = Der Kalender hat eine neue Adresse, die frühere funktioniert nicht mehr. Bitte abonniere ihn neu.
account-calendar-removed = Der Kalender ist ausgeschaltet, seine Adresse funktioniert nicht mehr. In deinem Kalenderprogramm kannst du ihn löschen.

account-email-same = Das ist bereits deine Adresse.
account-email-mailed = Wir haben einen Link an { $email } gesendet. Bitte öffne ihn, um die neue Adresse zu bestätigen. Bis dahin bleibt deine jetzige Adresse, wie sie ist.
account-confirm-hint = Damit sonst niemand deine Adresse ändert.
account-code-wrong = Dieser Code ist falsch oder wurde schon verwendet. Bitte gib den Code ein, den deine App jetzt anzeigt.
account-too-many = Das waren zu viele falsche Versuche. Bitte warte eine Stunde.

account-password-set = Du kannst dich mit einem Passwort anmelden.
account-password-none = Dein Konto hat noch kein Passwort. Du meldest dich mit einem Link an, den wir dir per E-Mail senden. Um deine E-Mail-Adresse zu ändern, brauchst du ein Passwort.
account-password-mailed = Wir haben einen Link an { $email } gesendet. Bitte öffne ihn, um dein Passwort festzulegen.
account-password-expired = Ein Passwort kannst du in den zehn Minuten festlegen, nachdem du einen Link aus einer E-Mail geöffnet hast. Bitte fordere einen neuen Link an.

account-second-factor-on = Aktiv seit { $date }. Beim Anmelden fragen wir zusätzlich nach einem Code aus deiner Authenticator-App.
account-second-factor-off = Nicht aktiv. Mit einem zweiten Faktor ist zum Anmelden außer dem Passwort ein Code von deinem Telefon nötig.
account-second-factor-due = Bitte richte bis { $date } einen zweiten Faktor ein. Danach kannst du erst weiterarbeiten, wenn du ihn eingerichtet hast.

account-sessions = Wo du angemeldet bist
account-sessions-sentence = Wenn du ein Gerät nicht kennst, melde es ab, und ändere dein Passwort. Die Zeiten gelten für { $zone }.

second-factor-required = Dein Konto braucht einen zweiten Faktor, bevor du fortfahren kannst.
second-factor-sentence = Er schützt, was über dich und andere gespeichert ist, auch wenn jemand dein Passwort erfährt.
second-factor-app = Du brauchst eine Authenticator-App auf deinem Telefon. Die App zeigt einen Code, der sich alle 30 Sekunden ändert, und wir fragen beim Anmelden danach.
second-factor-password-first = Dein Konto hat noch kein Passwort. Bitte lege zuerst eines fest.
second-factor-scan = Scanne dieses Bild mit deiner Authenticator-App. Gib dann den Code ein, den die App anzeigt.
second-factor-qr = QR-Code für deine Authenticator-App
second-factor-secret = Wenn du das Bild nicht scannen kannst, gib diesen Schlüssel in der App ein:
second-factor-code-again = Bitte gib den Code ein, den deine App jetzt anzeigt.
second-factor-done = Dein zweiter Faktor ist eingerichtet.
second-factor-codes = Deine Wiederherstellungscodes
second-factor-codes-sentence = Wenn du dein Telefon verlierst, ersetzt jeder dieser Codes einmal einen Code der App, zusammen mit deinem Passwort.
second-factor-codes-once = Die Codes werden nicht noch einmal angezeigt. Bitte drucke sie aus, oder schreibe sie auf, und bewahre sie an einem sicheren Ort auf.
second-factor-on-sentence = Beim Anmelden fragen wir zusätzlich nach einem Code aus deiner Authenticator-App. Wenn du den zweiten Faktor entfernst, genügt dein Passwort, und die Wiederherstellungscodes funktionieren nicht mehr.
