### Pages. The messages are plain texts; links and buttons have their whole text.

## The frame of every page

skip-to-content = Aller au contenu
page-title = { $title } – { $practice }
page-title-error = Erreur : { $title }
contact-question = Des questions ?
contact-call = Appeler le { $phone }
contact-write = Écrire à { $email }
for-developers = Pour le développement : documentation de l’API
not-found = Page introuvable
not-found-sentence = Cette page n’existe pas. Veuillez vérifier l’adresse.
failed = Un problème est survenu
try-again = Réessayer
forged = Veuillez réessayer ici
forged-sentence = Ce formulaire venait d’un autre site ; rien n’a donc été fait.

## The page of a join link

appointment-begins = Début
appointment-duration = Durée
join-early = Votre rendez-vous a lieu le { $short_date } à { $time }
join-opens = La salle ouvre le { $short_date } à { $time }.
join-countdown = La salle ouvre { $time }.
join-opens-sentence = Vous pouvez laisser cette page ouverte et vérifier à nouveau à ce moment-là.
join-check-again = Vérifier à nouveau
join-open = La salle est ouverte
join-button = Rejoindre le rendez-vous
join-permissions = Votre navigateur demandera l’accès à la caméra et au microphone. Veuillez autoriser les deux.
join-over = Ce rendez-vous est terminé
join-over-sentence = Il s’est terminé le { $ended_at }.
join-wait = Pendant que vous attendez
join-headphones = Avec un casque, la conversation reste plus confidentielle.
join-personal = Ce lien est personnel. Merci de ne pas le transmettre.
join-help = Si cela ne fonctionne pas
join-help-call = Appeler le cabinet au { $phone }
join-help-write = Écrire au cabinet : { $email }

join-unknown-sentence = Cette page n’existe pas. Les applications de messagerie coupent parfois un lien en deux : veuillez utiliser le bouton de l’e-mail, ou copier le lien en entier.
join-cancelled = Ce rendez-vous a été annulé
join-cancelled-sentence = Si vous ne vous y attendiez pas, veuillez consulter le dernier e-mail au sujet de votre rendez-vous, ou contacter le cabinet.
join-revoked = Ce lien n’est plus valable
join-revoked-sentence = Veuillez chercher un e-mail plus récent au sujet de votre rendez-vous, ou demander à nouveau vos liens. Si cela ne suffit pas, veuillez contacter le cabinet.
join-unconfirmed = Ce rendez-vous n’est pas confirmé
join-unconfirmed-sentence = Il n’a pas encore de salle. Ce lien fonctionnera dès que le rendez-vous sera confirmé. Si vous pensez qu’il devrait déjà l’être, veuillez contacter le cabinet.
join-failed-sentence = Votre rendez-vous ne peut pas être ouvert pour le moment. Veuillez réessayer bientôt. Si le problème persiste, veuillez contacter le cabinet.

## The page on which a client pays for an appointment that the practice booked

pay-due = Payer votre rendez-vous
pay-due-sentence = Nous vous avons réservé cet horaire. Le rendez-vous sera confirmé dès que vous aurez payé.
pay-button = Payer { $amount } maintenant
pay-amount = Montant
pay-until = Réservé jusqu’au
pay-booking = Numéro de réservation
pay-processing = Votre paiement est en cours de traitement
pay-processing-sentence = Vous n’avez rien à faire. Vous recevrez un e-mail dès que votre rendez-vous sera confirmé.
pay-paid = Il ne reste rien à payer
pay-paid-sentence = Merci. Vous trouverez tout ce qui concerne votre rendez-vous dans les e-mails que nous vous avons envoyés.
pay-expired = Cet horaire n’est plus réservé
pay-expired-sentence = Le paiement n’est pas arrivé à temps. Si vous souhaitez toujours un rendez-vous, veuillez réserver à nouveau ou contacter le cabinet.
pay-cancelled-sentence = Vous n’avez pas à le payer. Si vous ne vous y attendiez pas, veuillez contacter le cabinet.
pay-failed-sentence = Vous ne pouvez pas payer pour le moment, et rien n’a été débité. Veuillez réessayer bientôt. Si le problème persiste, veuillez contacter le cabinet.

## Checkout

checkout-done = Merci
checkout-done-sentence = Dès que votre paiement sera confirmé, votre rendez-vous sera réservé, et vous recevrez un e-mail avec tout ce qu’il vous faut. Cela prend en général moins d’une minute. Vous pouvez fermer cette page.
checkout-cancelled = Non payé
checkout-cancelled-sentence = Vous n’avez pas payé, et rien n’a été débité. Votre horaire est gardé encore un court moment : d’ici là, vous pouvez payer depuis vos réservations.

test-checkout = Paiement de test
test-checkout-sentence = Aucun argent n’est en jeu : le bouton compte comme un paiement.
test-checkout-paid = Payé
test-checkout-paid-sentence = Merci. Votre rendez-vous est confirmé.
test-checkout-unknown = Introuvable
test-checkout-unknown-sentence = Cette page de paiement n’existe pas. Veuillez vérifier l’adresse.
test-checkout-closed = Fermé
test-checkout-closed-sentence = Cette page de paiement est fermée. Si votre rendez-vous n’est pas payé, veuillez réserver à nouveau.
test-checkout-failed-sentence = Cette page de paiement ne peut pas être affichée pour le moment. Veuillez réessayer bientôt.
test-checkout-amount = Montant
test-checkout-appointment = Rendez-vous
test-checkout-button = Payer { $amount } maintenant

## The pages behind mailed links

link-expired = Ce lien n’est plus valable
link-failed-sentence = Cela ne fonctionne pas pour le moment. Veuillez réessayer bientôt. Si le problème persiste, veuillez contacter le cabinet.

password = Nouveau mot de passe
password-hint = Au moins { $min } caractères. Quelques mots sans rapport entre eux sont faciles à retenir et difficiles à deviner.
password-too-short = Veuillez utiliser au moins { $min } caractères.
password-too-long = Veuillez utiliser au plus 128 caractères.
password-too-common = Ce mot de passe est facile à deviner. Veuillez en choisir un autre, sans votre nom ni votre adresse e-mail.
password-set = Votre mot de passe est défini

reset = Définir un nouveau mot de passe
reset-sentence = Tous les appareils connectés à votre compte seront déconnectés.
reset-button = Définir le mot de passe
reset-done-sentence = Tous les appareils sont déconnectés. Veuillez vous connecter avec le nouveau mot de passe.
reset-expired-sentence = Un lien pour définir un mot de passe fonctionne une seule fois, pendant une heure. Veuillez en demander un nouveau sur la page de connexion.

accept-invitation = Choisir un mot de passe
accept-invitation-sentence = Le cabinet a créé un compte pour vous. Choisissez un mot de passe, et vous pourrez vous connecter.
accept-invitation-button = Définir le mot de passe
accept-invitation-done-sentence = Désormais, vous pouvez vous connecter avec cette adresse e-mail et ce mot de passe.
accept-invitation-expired-sentence = Si vous avez déjà défini un mot de passe, veuillez vous connecter avec celui-ci. Sinon, veuillez demander au cabinet de vous inviter à nouveau.

verify = Confirmer votre adresse e-mail
verify-sentence = Veuillez confirmer que cette adresse est la vôtre. Vous pourrez ensuite vous connecter.
verify-button = Confirmer l’adresse
verify-done = Votre adresse e-mail est confirmée
verify-done-sentence = Vous pouvez maintenant vous connecter.
verify-slot-free = Vous avez choisi cet horaire : { $when }. Il est encore libre, et il est à vous dès que vous le réservez.
verify-slot-taken = Vous avez choisi cet horaire : { $when }. Il n’est plus libre. Veuillez en choisir un autre.
verify-expired-sentence = Si vous avez déjà confirmé votre adresse, vous pouvez vous connecter. Sinon, veuillez demander un nouveau lien sur la page de connexion.

confirm-email = Confirmer votre nouvelle adresse e-mail
confirm-email-sentence = Cette adresse remplace l’ancienne adresse de votre compte : vous vous connectez avec elle, et c’est là que nous vous écrivons.
confirm-email-button = Confirmer l’adresse
confirm-email-done = Votre adresse e-mail est modifiée
confirm-email-done-sentence = Désormais, vous vous connectez avec la nouvelle adresse, et c’est là que nous vous écrivons.
confirm-email-expired-sentence = Si vous avez déjà confirmé votre nouvelle adresse, elle est modifiée. Sinon, veuillez vous connecter et la modifier à nouveau.
email-taken = Cette adresse appartient à un autre compte
email-taken-sentence = Elle ne peut pas être utilisée pour un second compte. Veuillez choisir une autre adresse, ou contacter le cabinet.

undo-email = Rétablir votre ancienne adresse e-mail
undo-email-sentence = Si vous n’avez pas modifié l’adresse de votre compte, rétablissez l’ancienne. Voici ce qui se passe :
undo-email-address = Votre compte retrouve l’adresse à laquelle nous avons envoyé ce lien.
undo-email-logged-out = Toutes les personnes connectées à votre compte sont déconnectées.
undo-email-second-factor = Un second facteur ajouté depuis la modification est supprimé.
undo-email-password = Le mot de passe de votre compte ne fonctionne plus. Vous recevez un e-mail avec un lien pour en définir un nouveau.
undo-email-button = Rétablir l’adresse
undo-email-done = Votre ancienne adresse e-mail est rétablie
undo-email-done-sentence = Toutes les personnes sont déconnectées de votre compte. Vous recevez un e-mail avec un lien : veuillez l’utiliser pour définir un nouveau mot de passe.
undo-email-expired-sentence = Une modification de l’adresse peut être annulée une seule fois, pendant 72 heures. Si vous ne l’avez pas modifiée, veuillez contacter le cabinet.

login = Se connecter
login-sentence = Ce lien vous connecte sans votre mot de passe. Il fonctionne une seule fois.
login-code = Code de votre application d’authentification
login-code-hint = Six chiffres, qui changent toutes les 30 secondes.
login-code-missing = Veuillez saisir le code.
login-code-wrong = Ce code est incorrect, ou a déjà été utilisé. Veuillez saisir celui que votre application affiche maintenant.
login-button = Se connecter
login-done = La connexion est établie
login-done-sentence = Ce navigateur est maintenant connecté. Vous pouvez fermer cette page.
login-expired-sentence = Un lien de connexion fonctionne une seule fois, pendant 15 minutes. Veuillez en demander un nouveau sur la page de connexion.
too-many-codes = Trop de codes incorrects
too-many-codes-sentence = Veuillez attendre une heure, puis demander un nouveau lien sur la page de connexion. Si vous ne pouvez pas attendre, veuillez contacter le cabinet.

## The front page, the imprint and the privacy statement

front = Rendez-vous avec { $practice }
front-sentence = Vous recevez par e-mail l’horaire de votre rendez-vous et votre lien personnel. Ouvrez le lien lorsque votre rendez-vous commence.
front-lost-link = Vous ne trouvez pas votre lien ?
front-lost-link-sentence = Veuillez chercher l’e-mail le plus récent au sujet de votre rendez-vous. S’il n’y est pas, contactez le cabinet, et vous recevrez à nouveau votre lien.
front-contact = Nous contacter
front-phone = Téléphone
front-email = E-mail
front-website = Site web
legal-elsewhere = Vous pouvez lire le texte à cette adresse :

## The main menu

tabs-label = Menu principal
tab-book = Réserver
tab-appointments = Vos rendez-vous
tab-account = Compte
tab-login = Se connecter
log-out = Se déconnecter
language-menu = Langue :

## Logging in and registering

log-in = Se connecter
field-email = Adresse e-mail
field-email-invalid = Veuillez saisir une adresse comme nom@example.org.
field-email-taken = Il existe déjà un compte avec cette adresse. Veuillez plutôt vous connecter.
field-password = Mot de passe
field-code = Code de votre application d’authentification
field-first-name = Prénom
field-last-name = Nom
field-name-invalid = Veuillez saisir au plus 100 caractères, sans caractères de contrôle.
login-wrong = L’adresse e-mail ou le mot de passe est incorrect.
login-wrong-code = Le code est incorrect, a expiré ou a déjà été utilisé.
login-code-needed = Veuillez saisir aussi un code de votre application d’authentification.
login-disabled = Ce compte est désactivé. Veuillez contacter le cabinet.
login-not-verified = Veuillez ouvrir le lien de l’e-mail que nous vous avons envoyé pour confirmer votre adresse.
login-too-many = Il y a eu trop de tentatives. Veuillez patienter, ou demander un lien de connexion par e-mail.
link-forgot = Mot de passe oublié ?
link-login-link = Se connecter avec un lien par e-mail
link-register = Première visite ? S’inscrire
link-have-account = Déjà un compte ? Se connecter
forgot = Mot de passe oublié ?
forgot-sentence = Nous vous envoyons un lien pour en définir un nouveau.
login-link-heading = Se connecter avec un lien
login-link-sentence = Nous vous envoyons un lien qui vous connecte sans mot de passe.
ask-link-button = Envoyer le lien
link-mailed = Veuillez consulter votre messagerie
link-mailed-sentence = S’il existe un compte avec cette adresse, nous y avons envoyé un lien. Il peut mettre une minute à arriver.
register = S’inscrire
register-button = S’inscrire
register-mailed = Veuillez consulter votre messagerie
register-mailed-sentence = Nous vous avons envoyé un e-mail. Veuillez ouvrir le lien qu’il contient pour continuer.
register-closed = Les inscriptions sont fermées
register-closed-sentence = Les comptes sont créés par le cabinet. Veuillez nous contacter.
page-failed-sentence = Cela n’a pas fonctionné. Veuillez réessayer dans un instant.
