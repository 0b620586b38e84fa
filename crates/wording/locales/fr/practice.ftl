### The pages of therapists about the practice, and what their forms have in common.

saved = Enregistré.
save = Enregistrer
show = Afficher
search = Rechercher
remove = Supprimer
page-before = Page précédente
page-after = Page suivante
yes = oui
no = non
form-errors = Rien n’a été enregistré. Veuillez vérifier ce qui est signalé ci-dessous.

## Fields

field-date = Date
field-time = Heure
field-first-date = Premier jour
field-last-date = Dernier jour
field-last-date-hint = Si vous le laissez vide, seulement le premier jour.
field-from = De
field-to = À
field-date-invalid = Veuillez choisir une date.
field-time-invalid = Veuillez saisir une heure comme 9:30.
field-number-invalid = Veuillez saisir un nombre possible ici.
field-too-long = C’est vide ou trop long.
field-phone-invalid = Veuillez saisir un numéro de téléphone comme +33 1 99 00 12 34.
field-url-invalid = Veuillez saisir l’adresse complète, avec « https » au début.
field-color-invalid = Veuillez saisir une couleur comme #14532d.
field-service = Prestation
field-therapist = Thérapeute
field-price = Prix
field-amount = Montant
field-method = Mode de paiement
field-reference = Référence, par exemple un numéro de reçu
field-payment = Paiement
field-reason = Motif
field-reason-for-client = Motif, que votre client ou cliente reçoit par e-mail (facultatif)
field-override = Ne pas tenir compte des horaires de travail et des règles
field-name = Nom
field-role = Rôle
field-language = Langue des e-mails
field-language-unknown = Celle du cabinet
field-zone = Fuseau horaire
field-zone-hint = Par exemple Europe/Paris. Si vous le laissez vide, c’est celui du cabinet.
field-count = Nombre de rendez-vous
field-count-hint = 1 pour un seul, plus pour une série.
field-every = Intervalle en semaines
method-cash = Espèces
method-bank-transfer = Virement
method-card = Carte

## Why something was not done

refused-email-taken = Il existe déjà un compte avec cette adresse e-mail.
refused-slot-taken = Cet horaire est pris. Rien n’a été modifié.
refused-already-paid = Rien n’est dû pour ce rendez-vous.
refused-hold-expired = Le délai de paiement est écoulé, et l’horaire a été libéré.
refused-payment-processing = Un paiement est en cours de traitement. Veuillez réessayer lorsqu’il sera arrivé.
refused-refund-in-progress = Un autre remboursement de ce paiement est en cours. Veuillez attendre qu’il soit terminé.
refused-nothing-to-refund = Il ne reste rien à rembourser.
refused-invalid-state = Ce n’est pas possible dans l’état actuel. Veuillez le vérifier.
refused-already-invited = Une personne avec cette adresse e-mail participe déjà.
refused-too-many-participants = Il n’est pas possible d’inviter plus de personnes.
refused-window-closed = Il est trop tôt ou trop tard pour cela.
refused-version-conflict = Quelqu’un d’autre a fait une modification entre-temps. Rien n’a été enregistré. Votre saisie figure ci-dessous ; ce qui a changé est indiqué à côté.
refused-quote-changed = Le remboursement a changé entre-temps. Rien n’a été annulé. Veuillez vérifier le nouveau montant.
refused-daily-limit = Le nombre maximal de rendez-vous de cette journée est atteint.
refused-series-conflict = Certains horaires ne sont pas libres. Rien n’a été modifié.
refused-practice-not-configured = Le cabinet n’a pas encore de prestation.
refused-invitation-accepted = Ce compte est utilisé ou désactivé ; il ne peut donc pas être invité.
refused-last-admin = Il faut au moins un ou une thérapeute dans le cabinet. Rien n’a été modifié.
refused-step-up = Veuillez saisir votre propre mot de passe.
refused-image = Veuillez choisir une image PNG, JPEG ou WebP d’au plus 200 Ko.
refused-notice = Le rendez-vous commencerait trop tôt : vos règles demandent un délai plus long.
refused-outside-hours = C’est en dehors des horaires de travail.
refused-in-the-past = Cet horaire est passé.
refused-nonexistent-time = Cette heure n’existe pas ce jour-là, en raison du passage à l’heure d’été.
refused-horizon = On ne peut pas réserver aussi longtemps à l’avance.
refused-length = Un rendez-vous dure de 1 minute à 12 heures.
refused-unknown-client = Cette personne n’existe pas, ou on ne peut pas réserver pour elle.
refused-unknown-service = Cette prestation n’existe pas.
refused-unknown-therapist = Ce ou cette thérapeute n’existe pas.
refused-range = La fin précède le début, ou la période est trop longue.
refused-overlapping-hours = Deux plages horaires d’un même jour se chevauchent.
refused-too-many-hours = Une semaine compte au plus 42 plages horaires.
refused-amount = Veuillez saisir un montant comme 80,00 qui corresponde à ce qui est dû.
refused-refund-too-large = C’est plus que ce qui reste du paiement.
refused-provider = Le prestataire de paiement ne répond pas. Veuillez réessayer bientôt.
refused-out-of-range = Une valeur est en dehors de ce qui est possible. Rien n’a été enregistré.
refused-sent-twice = Ce formulaire a déjà été envoyé avec un autre contenu. Veuillez vérifier ce qui a été enregistré.
changed-to = Maintenant : { $value }

## Working hours

hours-title = Horaires de travail et congés
hours-week = La semaine
hours-day-hint = Par exemple 9:00-12:00, 13:00-17:30. Laissez vide un jour sans travail.
hours-day-invalid = Veuillez saisir des horaires comme 9:00-12:00, 13:00-17:30.
hours-exceptions = Congés et horaires supplémentaires
hours-no-exceptions = Il n’y en a pas.
hours-add = Ajouter un congé ou des horaires supplémentaires
hours-add-button = Ajouter
hours-kind-label = De quoi s’agit-il ?
hours-kind =
    .dates = Journées entières de congé
    .period = Congé d’une partie de la journée
    .extra = Horaires supplémentaires
hours-time-hint = Seulement pour une partie de la journée et pour des horaires supplémentaires.
hours-note = Nom, par exemple Vacances
hours-note-hint = Seul le cabinet peut le lire.
hours-closed-day = En congé le { $day }
hours-closed-days = En congé du { $from } au { $to }
hours-closed-period = En congé du { $from } au { $to }
hours-extra = Ouvert le { $day }, { $hours }
hours-in-the-way = Rien n’est encore enregistré. Ces rendez-vous font obstacle ; si vous enregistrez, ils restent tels quels.
hours-confirm = Enregistrer quand même
hours-count =
    { $count ->
        [one] { $count }{ "\u00A0" }heure
       *[other] { $count }{ "\u00A0" }heures
    }

## Why is this time not offered?

why-title = Pourquoi cet horaire n’est-il pas proposé ?
why-button = Expliquer
why-offered = Cet horaire est proposé.
why-all = Tout ce que nous avons vérifié
why-allows = Le permet
why-stops = L’empêche
why-future = L’horaire est à venir
why-notice = Délai : au moins { $notice } avant
why-horizon =
    { $days ->
        [one] Au plus { $days }{ "\u00A0" }jour à l’avance
       *[other] Au plus { $days }{ "\u00A0" }jours à l’avance
    }
why-hours = Horaires de travail de ce jour : { $hours }
why-no-hours = Pas d’horaires de travail ce jour-là
why-closed = Hors des horaires de travail : { $exceptions }
why-grid = Les rendez-vous commencent toutes les { $step }
why-daily-limit =
    { $limit ->
        [one] Au plus { $limit }{ "\u00A0" }rendez-vous par jour
       *[other] Au plus { $limit }{ "\u00A0" }rendez-vous par jour
    }
why-no-daily-limit = Pas de nombre maximal de rendez-vous par jour
why-no-conflicts = Aucun autre rendez-vous
why-conflicts = Un autre rendez-vous fait obstacle : { $bookings }
why-conflict = { $client }, de { $from } à { $to }
why-conflict-with-buffer = { $client }, de { $from } à { $to }, puis pause jusqu’à { $until }
why-open-conflict = Voir le rendez-vous de { $client }
why-book = Réserver cet horaire
why-book-anyway = Réserver quand même
why-change-hours = Modifier les horaires de travail
why-change-policy = Modifier les règles

## Services

services-title = Prestations
services-none = Il n’y a pas encore de prestation.
service-inactive = Non proposée
service-add = Ajouter une prestation
service-add-button = Ajouter
service-sentence = Les rendez-vous déjà réservés gardent leur durée et leur prix.
service-name = Nom
service-name-hint = Il figure dans les e-mails et les calendriers ; il ne devrait donc pas révéler que quelqu’un suit une thérapie.
service-name-invalid = Veuillez saisir de 1 à 100 caractères.
service-description = Description
service-minutes = Durée en minutes
service-buffer = Pause après, en minutes
service-buffer-hint = Pendant ce temps, le calendrier reste fermé.
service-active = Votre clientèle peut la réserver
service-currency = Devise
service-currency-invalid = Veuillez saisir une devise comme EUR.
service-name-in = Nom, { $language }
service-description-in = Description, { $language }

## The rules

policy-title = Règles de réservation et d’annulation
policy-sentence = Les rendez-vous déjà réservés gardent les conditions de leur réservation.
policy-hours-hint = En heures, par exemple 24 ou 1:30.
policy-notice = Jusqu’à combien de temps avant peut-on réserver ?
policy-horizon = Combien de jours à l’avance peut-on réserver ?
policy-limit = Rendez-vous par jour et par thérapeute
policy-limit-hint = Si vous le laissez vide, il n’y a pas de limite.
policy-step = Toutes les combien de minutes un rendez-vous peut-il commencer ?
policy-step-hint = Ce sont les horaires que voit votre clientèle.
policy-free = Jusqu’à combien de temps avant l’annulation est-elle gratuite ?
policy-percent = Ce qui est remboursé ensuite, en pourcentage
policy-percent-hint = 0 pour ne rien rembourser.
policy-grace = Combien de minutes après la réservation l’annulation est-elle gratuite dans tous les cas ?
policy-grace-hint = Pour les personnes qui ont réservé par erreur.
policy-reschedule = Jusqu’à combien de temps avant un rendez-vous peut-on le déplacer ?
policy-auto-complete = Noter automatiquement que les rendez-vous terminés ont eu lieu

## The practice

practice-hours = Quand votre clientèle peut réserver
practice-why = La règle ou le rendez-vous qui fait obstacle
practice-services = Ce qui peut être réservé, la durée et le prix
practice-policy = Délai, annulation gratuite, limites
practice-profile = Nom, coordonnées, textes légaux, logo et couleur
practice-money = Recettes, rendez-vous non payés, problèmes
practice-emails = Ce qui a été envoyé, ce qui attend, ce qui n’a pas pu être envoyé
practice-team = Les thérapeutes et leur second facteur
profile-title = Cabinet
profile-name = Nom du cabinet
profile-phone = Téléphone
profile-website = Site web
profile-color = Couleur des liens et des boutons
profile-color-hint = Par exemple #14532d. Nous la rendons plus foncée ou plus claire là où elle ne serait pas lisible.
profile-formality = Vouvoiement ou tutoiement en allemand
formality =
    .formal = Sie (vouvoiement)
    .informal = du (tutoiement)
profile-imprint = Mentions légales : un texte, ou son adresse web
profile-privacy = Politique de confidentialité : un texte, ou son adresse web
profile-offline = Comment vous payer, si vous encaissez vous-même les paiements
profile-text-in = { $text } ({ $language })
profile-logo = Logo
profile-logo-file = Image
profile-logo-hint = PNG, JPEG ou WebP, au plus 200 Ko.
profile-logo-button = Utiliser cette image
profile-logo-remove = Supprimer le logo

## Money

money-title = Finances
money-problems = Paiements qui demandent votre attention
money-no-problems = Il n’y en a pas.
money-resolve = Résolu
money-reference = Référence chez le prestataire : { $reference }
money-unpaid = Rendez-vous à venir qui ne sont pas payés
money-revenue = Recettes par mois
money-month = Mois
money-received = Reçu
money-refunded = Remboursé
money-net = Total
money-none = Rien n’a été reçu pendant cette période.
money-export = Exporter par jour (CSV)
payment-problem =
    .wrong_amount = Le montant n’est pas celui qui était dû
    .wrong_currency = La devise n’est pas celle qui était prévue
    .wrong_mode = Un paiement de test au lieu d’un vrai, ou l’inverse
    .wrong_booking = Le paiement désigne un autre rendez-vous, ou aucun
    .unknown_checkout = Le prestataire ne connaît pas cette page de paiement
    .unknown_booking = Ce rendez-vous n’existe pas
    .refund_failed = Un remboursement a échoué

## Emails

emails-title = E-mails
emails-state = État
emails-all = Tous
emails-none = Il n’y a pas d’e-mail de ce type.
emails-send-again = Envoyer à nouveau
emails-cancel = Retirer
emails-booking = Voir le rendez-vous
emails-person = Voir la personne
email-state =
    .pending = En attente
    .held = Retenu depuis une restauration
    .sent = Envoyé
    .skipped = Plus nécessaire
    .cancelled = Retiré
    .expired = Non envoyé à temps
    .dead = N’a pas pu être envoyé
email-kind =
    .meeting_info = Confirmation
    .reminder = Rappel
    .invitation = Invitation d’une personne
    .rescheduled = Nouvel horaire
    .cancelled = Annulation
    .reassigned = Changement de thérapeute
    .updated = Nouvelle durée
    .meeting_link = Lien du rendez-vous
    .receipt = Reçu
    .payment_problem = Problème de paiement
    .refund = Remboursement
    .payment_instructions = Comment payer
    .payment_request = Demande de paiement
    .payment_reminder = Rappel de paiement
    .hold_expired = Non payé à temps
    .therapist_booked = Pour le ou la thérapeute : réservé
    .therapist_rescheduled = Pour le ou la thérapeute : nouvel horaire
    .therapist_cancelled = Pour le ou la thérapeute : annulé
    .therapist_reassigned = Pour le ou la thérapeute : transmis
    .therapist_updated = Pour le ou la thérapeute : nouvelle durée
    .therapist_payment = Pour le ou la thérapeute : payé
    .therapist_payment_review = Pour le ou la thérapeute : paiement à vérifier
    .agenda = Rendez-vous de la journée
    .password_reset = Nouveau mot de passe
    .login_link = Lien de connexion
    .email_verification = Confirmation de l’adresse
    .email_confirmation = Confirmation d’une nouvelle adresse
    .email_changed = Adresse modifiée
    .account_invitation = Invitation à définir un mot de passe
    .registration_attempt = Compte déjà existant
    .password_changed = Mot de passe modifié
    .second_factor_added = Second facteur configuré
    .second_factor_removed = Second facteur supprimé
    .role_changed = Nouveaux droits
    .account_disabled = Compte désactivé
    .new_login = Connexion depuis un nouvel appareil

## The team

team-title = Équipe
team-second-factor = Second facteur { $state }
team-last-login = dernière utilisation le { $at }
team-how-to-add = Pour ajouter un ou une thérapeute, ajoutez d’abord la personne à la clientèle, puis donnez-lui les droits de thérapeute sur sa page.

## The first steps

set-up-note = Votre cabinet est nouveau. Encore quelques étapes, et l’on pourra réserver.
set-up-begin = Configurer le cabinet
set-up-step = Étape { $number } sur { $all }. Vous pouvez passer chaque étape et y revenir plus tard.
set-up-skip = Continuer sans
set-up-back = Retour
set-up-finish = Terminer
set-up-you = Qui êtes-vous{ "\u202F" }?
set-up-you-sentence = Ce nom apparaît lors de la réservation, dans les e-mails et dans la salle.
set-up-second-factor = Un second facteur pour votre compte
set-up-second-factor-sentence = Avec une application d’authentification, votre mot de passe seul n’ouvre aucun dossier.
set-up-second-factor-link = Configurer un second facteur
set-up-hours = Quand peut-on réserver{ "\u202F" }?
set-up-hours-sentence = Vous pouvez changer cela à tout moment, et ajouter des congés.
set-up-service = Que peut-on réserver{ "\u202F" }?
set-up-service-sentence = Commencez par une prestation{ "\u202F" }; d’autres peuvent suivre.
set-up-practice = Comment vous joindre{ "\u202F" }?
set-up-practice-sentence = C’est indiqué au bas de chaque page et de chaque e-mail.
set-up-video = Le serveur vidéo fonctionne-t-il{ "\u202F" }?
set-up-video-sentence = Voici ce que le serveur vient de répondre.
set-up-check =
    .links = Liens
    .video-server = Serveur vidéo
    .clock = Horloge
    .end-meeting = Fermeture des salles
set-up-check-passed = Fonctionne
set-up-check-doubtful = À vérifier
set-up-check-failed = Ne fonctionne pas
