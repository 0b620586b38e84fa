### The pages of therapists.

tab-today = Aujourd’hui
therapists-only = Réservé aux thérapeutes
therapists-only-sentence = Cette page est réservée aux thérapeutes du cabinet.

## The day

today-title = Aujourd’hui, { $day }
today-therapists = Agenda de
today-day = La journée
today-nothing = Il n’y a ni rendez-vous ni horaire libre ce jour-là.
today-before = Jour précédent
today-after = Jour suivant
today-today = Aujourd’hui
today-waiting = Attend maintenant
today-who-waits = Attend maintenant : { $clients }
today-in-room = Dans la salle
today-since = depuis { $time }
today-about = { $client }, { $time }
today-range = { $from }–{ $to }
today-join = Rejoindre la salle
today-complete = A eu lieu
today-no-show = Absence
today-reopen = Rétablir
today-free = libre
today-changed = Ce rendez-vous a changé entre-temps. Voici la journée telle qu’elle est maintenant.

## The week and the month

tab-week = Semaine
tab-clients = Clientèle
tab-practice = Cabinet
week-title = Semaine du { $from } au { $to }
week-before = Semaine précédente
week-after = Semaine suivante
week-this = Cette semaine
week-place = Les horaires sont ceux de { $place }. En grisé : hors des horaires de travail.
week-caption = { $therapist }, { $week } : jours en colonnes, heures en lignes
week-time = Heure
week-closed = fermé
week-nothing = Aucun rendez-vous.
month = Mois
month-before = Mois précédent
month-after = Mois suivant
month-caption = { $therapist }, { $month } : les rendez-vous de chaque jour
month-count =
    { $count ->
        [0] aucun
        [one] { $count }{ "\u00A0" }rendez-vous
       *[other] { $count }{ "\u00A0" }rendez-vous
    }

## One booking

booking-heading = { $client }, { $when }
booking-back = La journée
booking-status = État
booking-client = Client ou cliente
booking-therapist = Thérapeute
booking-held-until = Réservé jusqu’au
booking-by-client = Par votre client ou cliente
booking-note = Message
booking-note-hint = Votre client ou cliente peut le lire.
booking-to-client = Voir la fiche du client ou de la cliente
booking-to-series = Voir la série
booking-mark = Le rendez-vous a-t-il eu lieu ?
booking-end = Terminer pour tout le monde
booking-changes = Modifications
booking-move = Déplacer
booking-move-button = Déplacer le rendez-vous
booking-reassign = Transmettre à un ou une collègue
booking-reassign-button = Transmettre
booking-edit = Modifier la prestation, le prix ou le message
booking-price-hint = Avec 0, il n’y a rien à payer.
booking-part-paid = La somme de { $received } a déjà été payée. Le prix doit être plus élevé, ou remboursez-la d’abord.
booking-cancel-nothing = Rien n’est remboursé, car rien n’a été payé.
booking-cancel-refund = Tout ce qui a été payé est remboursé : { $refund }.
booking-revoke-links = Remplacer tous les liens
booking-revoke-links-sentence = Les liens des e-mails précédents ne fonctionneront plus. Chaque personne en reçoit un nouveau par e-mail.
booking-revoke-links-button = Remplacer les liens
booking-payments = Paiements
booking-no-payments = Il n’y a aucun paiement.
booking-payment = { $amount } le { $at }
booking-refunded = Remboursement de { $amount } le { $at }
booking-pay-page = Page de paiement de votre client ou cliente
booking-checkout = Ouvrir la page du prestataire de paiement
booking-checkout-why = Votre client ou cliente peut payer à tout moment sur la page ci-dessus. Ceci ouvre dès maintenant la page du prestataire de paiement, pour que vous voyiez si cela fonctionne.
booking-checkout-button = Ouvrir la page
booking-pay = Enregistrer un paiement
booking-pay-button = Enregistrer le paiement
booking-paid-hint = Si vous le laissez vide, tout ce qui est dû.
booking-amount-left = Il n’est pas dû plus de { $left }.
booking-refund = Rembourser
booking-refund-button = Rembourser
booking-refund-hint = Si vous le laissez vide, tout ce qui reste.
booking-participants = Personnes invitées
booking-invite = Inviter une personne
booking-invite-button = Inviter
booking-revoke-invitation = Retirer l’invitation
booking-invitation-revoked = Invitation retirée
booking-emails = E-mails
booking-attendance = Qui était dans la salle
booking-attendance-unknown = Personne inconnue
booking-history = Historique

booking-state =
    .pending_payment = pas encore payé
    .scheduled = confirmé
    .completed = a eu lieu
    .no_show = absence
    .cancelled = annulé
    .expired = non payé à temps
payment-state =
    .opening = en cours d’ouverture
    .open = ouvert
    .processing = en cours
    .closing = en cours de fermeture
    .settled = payé
    .unapplied = payé trop tard
    .closed = non payé
refund-stage =
    .queued = en attente
    .pending = en cours
    .succeeded = remboursé
    .failed = échec
    .retried = échec, nouvelle tentative faite
participant-role =
    .participant = Participe
    .presenter = Peut partager son écran
    .observer = Regarde et écoute
history =
    .booking-held = Réservé, à payer
    .booking-scheduled = Confirmé
    .booking-rescheduled = Déplacé
    .booking-reassigned = Transmis
    .booking-cancelled = Annulé
    .booking-expired = Non payé à temps
    .booking-completed = A eu lieu
    .booking-no_show = Absence
    .booking-reopened = Rétabli
    .booking-links_revoked = Liens remplacés
    .booking-payment_changed = Paiement modifié
    .booking-edited = Modifié
    .booking-entered = Saisi après coup
    .appointment-ended = Terminé pour tout le monde
    .participant-invited = Personne invitée
    .participant-revoked = Invitation d’une personne retirée
    .payment-unapplied = Paiement arrivé trop tard
    .notification-retried = E-mail envoyé à nouveau
    .notification-cancelled = E-mail retiré
    .payment_problem-resolved = Problème de paiement résolu
history-by = { $at }, { $who }
history-by-client = { $at }, { $who } (client ou cliente)
history-by-payment = paiement
history-by-system = automatiquement
history-was = avant { $from }, maintenant { $to }

## A series

series-title = Série de { $client }
series-changes = Modifier ce qui reste
series-from = À partir du
series-move = Déplacer
series-move-sentence = Le premier rendez-vous passe à cet horaire, les autres à la même heure. Le nombre de jours entre eux ne change pas.
series-move-button = Déplacer les rendez-vous
series-move-conflicts = Rien n’a été déplacé, car ces horaires ne sont pas libres :
series-conflict = { $when }{ "\u00A0" }: { $why }
series-skip = Laisser où ils sont ceux dont le nouvel horaire n’est pas libre
series-cancel = Annuler
series-cancel-sentence =
    { $count ->
        [one] { $count }{ "\u00A0" }rendez-vous est annulé. Remboursement : { $refund }.
       *[other] { $count }{ "\u00A0" }rendez-vous sont annulés. Remboursement : { $refund }.
    }
series-cancel-button = Annuler les rendez-vous

## Booking for a client

book-for-title = Réserver pour un client ou une cliente
book-for-check = Vérifier les horaires
book-for-before = Avant d’enregistrer
book-for-summary =
    { $all ->
        [one] { $free ->
            [0] Cet horaire n’est pas proposé à la clientèle. Rien n’est encore enregistré.
            [one] Cet horaire est libre. Rien n’est encore enregistré.
           *[other] Cet horaire n’est pas proposé à la clientèle. Rien n’est encore enregistré.
        }
       *[other] Horaires libres : { $free } sur { $all }. Rien n’est encore enregistré.
    }
book-for-free = Libre
book-for-outside = En dehors de vos règles
book-for-taken = Impossible
book-for-payment = Paiement
book-for-request = Votre client ou cliente paie : lien par e-mail, l’horaire est réservé pendant plusieurs jours
book-for-instructions = Votre client ou cliente vous paie ; l’e-mail indique comment
book-for-paid = Déjà payé
book-for-waived = Sans paiement
book-for-method-hint = Seulement si c’est déjà payé.
book-for-past = Il a eu lieu ; personne ne reçoit d’e-mail
book-for-skip = Laisser de côté les dates qui ne sont pas libres
book-for-button = Réserver
book-for-button-series = Réserver la série
book-for-conflicts = Rien n’a été réservé, car ces horaires ne sont pas libres :
book-for-count-invalid = Une série compte de 1 à 53 rendez-vous, espacés de 1 à 52 semaines.

## Clients

clients-search = Nom ou adresse e-mail
clients-search-hint = Des parties de mots suffisent : ann dup
clients-none = Il n’y a pas encore de clients ni de clientes.
clients-none-found = Aucun résultat.
clients-too-many = Il y en a d’autres. Veuillez saisir une plus grande partie du nom.
clients-add = Ajouter un client ou une cliente
clients-add-button = Ajouter
clients-invite = Envoyer une invitation à définir un mot de passe
clients-book-next = Réserver ensuite un rendez-vous
client-disabled = Compte désactivé

## One person

user-email-confirmed = Confirmée
user-email-unconfirmed = Pas encore confirmée
user-since = Compte créé le
user-second-factor = Second facteur
user-second-factor-on = configuré
user-second-factor-off = non configuré
user-access = Accès
user-unpaid = Reste à payer pour le rendez-vous du { $when } : { $amount }.
user-upcoming = Rendez-vous à venir
user-no-upcoming = Il n’y en a pas.
user-past = Rendez-vous passés
user-account = Compte
user-names = Modifier le nom
user-email = Modifier l’adresse e-mail
user-email-button = Modifier l’adresse
user-password-hint = Votre propre mot de passe, car cette action est sensible.
user-invitation = Invitation
user-invitation-sentence = Il n’y a pas encore de mot de passe. Le lien de l’invitation est valable sept jours.
user-invite-button = Envoyer à nouveau l’invitation
user-withdraw-button = Retirer l’invitation
user-grant-admin = Donner les droits de thérapeute
user-grant-admin-sentence = Les thérapeutes voient et modifient tout : toute la clientèle, les rendez-vous, les paiements et les réglages.
user-grant-admin-button = Donner les droits
user-revoke-admin = Retirer les droits de thérapeute
user-revoke-admin-sentence = Le compte reste, comme celui d’un client ou d’une cliente. Les rendez-vous avec cette personne restent aussi.
user-revoke-admin-button = Retirer les droits
user-disable = Désactiver le compte
user-disable-sentence = Toutes les connexions prennent fin aussitôt, et les liens des e-mails ne fonctionnent plus. Vous pourrez réactiver le compte.
user-disable-button = Désactiver
user-cancel-bookings = Annuler aussi les rendez-vous à venir ; ce qui a été payé est remboursé
user-enable = Réactiver le compte
user-enable-button = Réactiver

## What waits for a therapist

today-needs = Demande votre attention
today-payment = Paiement à vérifier
today-email = Un e-mail n’a pas pu être envoyé
today-book = Réserver ici
