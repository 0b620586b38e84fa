### What differs for readers who are addressed with du.

booking-part-paid = Bezahlt sind bereits { $received }. Der Preis muss höher sein, oder du erstattest den Betrag zuerst.
booking-checkout-why = Auf der Seite oben kann jederzeit bezahlt werden. Hiermit wird die Seite des Zahlungsdienstes schon jetzt geöffnet, damit du siehst, ob es funktioniert.

book-for-outside = Außerhalb deiner Regeln
book-for-instructions = Zahlung direkt an dich; wie, steht in der E-Mail

clients-too-many = Es gibt noch mehr. Bitte gib mehr vom Namen ein.

user-password-hint = Dein eigenes Passwort, weil dies besonders geschützt ist.
user-disable-sentence = Alle Anmeldungen enden sofort, und Links in E-Mails funktionieren nicht mehr. Du kannst das Konto wieder entsperren.

today-needs = Hier bist du gefragt
