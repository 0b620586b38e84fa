### The account of a client or therapist, and their second factor. The messages are plain texts.

## The account

account = Votre compte
account-back = Retour à votre compte
account-saved-profile = Vos modifications sont enregistrées.
account-saved-password = Votre nouveau mot de passe est défini. Tous les autres appareils sont déconnectés.
account-saved-sessions = C’est fait. Un appareil déconnecté doit se connecter à nouveau.
account-saved-second-factor = Votre second facteur est supprimé.

account-you = Vous
account-preferred-name = Nom d’usage
account-preferred-name-hint = Le nom que nous utilisons dans les e-mails et les rendez-vous, s’il diffère de vos prénom et nom.
account-zone = Fuseau horaire
account-zone-hint = Celui dans lequel nous vous indiquons les horaires, par exemple Europe/Paris. Si vous le laissez vide, c’est celui du cabinet, { $zone }.
account-zone-invalid = Nous ne connaissons pas ce fuseau horaire. Veuillez en choisir un dans la liste, par exemple Europe/Paris.
account-language = Langue
account-language-hint = Celle de nos e-mails, et de ces pages, sauf si vous en choisissez une autre sur place.
account-language-none = Non choisie
account-save = Enregistrer les modifications

account-calendar = Vos rendez-vous dans votre agenda
account-calendar-sentence = Votre logiciel d’agenda peut afficher vos rendez-vous et suivre leurs modifications. Il s’abonne pour cela à une adresse créée pour vous seul.
account-calendar-content = Il apprend les horaires et le nom du cabinet. Chaque entrée s’appelle « { $title } » et mène à une page d’ici, pour laquelle il faut vous connecter. Les rendez-vous impayés ou annulés n’y figurent pas, ni aucun nom ou montant.
account-calendar-add = Activer l’agenda
account-calendar-added = L’agenda est activé. Veuillez maintenant vous abonner à son adresse.
account-calendar-address = Adresse de l’agenda
account-calendar-hint = Toute personne qui a cette adresse peut voir vos horaires : veuillez la garder pour vous. Elle reste la même si vous modifiez votre mot de passe ou votre adresse e-mail.
account-calendar-open = Ouvrir dans le logiciel d’agenda
account-calendar-copy = Copier l’adresse
account-calendar-copied = Copié
account-calendar-by-hand = Si rien ne s’ouvre, copiez l’adresse et saisissez-la dans votre logiciel d’agenda, là où l’on s’abonne à un agenda ou en ajoute un depuis internet. Le délai avant qu’une modification y apparaisse dépend du logiciel ; il peut être d’un jour.
account-calendar-renew = Créer une nouvelle adresse
account-calendar-renew-sentence = Si quelqu’un d’autre a appris l’adresse, créez-en une nouvelle. L’adresse actuelle cesse aussitôt de fonctionner, et il faut vous abonner à nouveau.
account-calendar-renewed = L’agenda a une nouvelle adresse, et l’ancienne ne fonctionne plus. Veuillez vous abonner à nouveau.
account-calendar-remove = Désactiver l’agenda
account-calendar-removed = L’agenda est désactivé, et son adresse ne fonctionne plus. Vous pouvez le supprimer dans votre logiciel d’agenda.

account-email = Adresse e-mail
account-email-change = Modifier l’adresse e-mail
account-new-email = Nouvelle adresse e-mail
account-email-same = C’est déjà votre adresse.
account-email-button = Envoyer un lien à la nouvelle adresse
account-email-mailed = Nous avons envoyé un lien à { $email }. Veuillez l’ouvrir pour confirmer la nouvelle adresse. D’ici là, votre adresse actuelle reste inchangée.
account-current-password = Mot de passe actuel
account-confirm-hint = Pour que personne d’autre ne modifie votre adresse.
account-password-wrong = Ce mot de passe est incorrect.
account-code-wrong = Ce code est incorrect, ou a déjà été utilisé. Veuillez saisir celui que votre application affiche maintenant.
account-too-many = Il y a eu trop de tentatives incorrectes. Veuillez attendre une heure.

account-password-set = Vous pouvez vous connecter avec un mot de passe.
account-password-none = Votre compte n’a pas encore de mot de passe. Vous vous connectez avec un lien que nous vous envoyons par e-mail. Il vous faut un mot de passe pour modifier votre adresse e-mail.
account-password-change = Modifier le mot de passe
account-password-button = Modifier le mot de passe
account-password-link = Envoyer un lien pour définir un mot de passe
account-password-mailed = Nous avons envoyé un lien à { $email }. Veuillez l’ouvrir pour définir votre mot de passe.
account-password-first = Définir un mot de passe
account-password-first-button = Définir le mot de passe
account-password-expired = Vous pouvez définir un mot de passe dans les dix minutes après avoir ouvert un lien reçu par e-mail. Veuillez demander un nouveau lien.

account-second-factor-on = Actif depuis le { $date }. À la connexion, nous demandons aussi un code de votre application d’authentification.
account-second-factor-off = Inactif. Avec un second facteur, la connexion demande, en plus du mot de passe, un code de votre téléphone.
account-second-factor-add = Configurer un second facteur
account-second-factor-remove = Supprimer le second facteur
account-second-factor-due = Veuillez configurer un second facteur avant le { $date }. Après cette date, vous ne pourrez rien faire d’autre avant de l’avoir configuré.

account-sessions = Vos connexions
account-sessions-sentence = Si vous ne reconnaissez pas un appareil, déconnectez-le et modifiez votre mot de passe. Les horaires sont ceux de { $zone }.
account-session-unknown = Appareil inconnu
account-session-this = Cet appareil
account-session-times = Connexion le { $since }, dernière utilisation le { $used }
account-session-end = Déconnecter
account-session-about = { $program }, connexion le { $since }
account-sessions-end = Déconnecter tous les autres appareils

## The second factor

second-factor = Second facteur
second-factor-set-up = Configurer un second facteur
second-factor-required = Votre compte a besoin d’un second facteur avant que vous puissiez continuer.
second-factor-sentence = Il protège ce qui est enregistré sur vous et sur d’autres personnes, même si quelqu’un apprend votre mot de passe.
second-factor-app = Il vous faut une application d’authentification sur votre téléphone. Elle affiche un code qui change toutes les 30 secondes, et que nous demandons à la connexion.
second-factor-password-first = Votre compte n’a pas encore de mot de passe. Veuillez d’abord en définir un.
second-factor-begin = Continuer
second-factor-scan = Scannez cette image avec votre application d’authentification. Saisissez ensuite le code que l’application affiche.
second-factor-qr = Code QR pour votre application d’authentification
second-factor-open-app = Ouvrir l’application d’authentification sur cet appareil
second-factor-secret = Si vous ne pouvez pas scanner l’image, saisissez cette clé dans l’application :
second-factor-confirm = Configurer le second facteur
second-factor-code-again = Veuillez saisir le code que votre application affiche maintenant.
second-factor-again = Recommencer avec une nouvelle image
second-factor-done = Votre second facteur est configuré.
second-factor-codes = Vos codes de récupération
second-factor-codes-sentence = Si vous perdez votre téléphone, chacun de ces codes remplace une fois un code de l’application, avec votre mot de passe.
second-factor-codes-once = Ils ne seront plus affichés. Veuillez les imprimer ou les noter, et les conserver en lieu sûr.
second-factor-codes-copy = Copier les codes
second-factor-codes-copied = Copié
second-factor-codes-kept = J’ai conservé les codes
second-factor-remove = Supprimer le second facteur
second-factor-on-sentence = À la connexion, nous demandons aussi un code de votre application d’authentification. Si vous supprimez le second facteur, votre mot de passe suffit, et les codes de récupération ne fonctionnent plus.
