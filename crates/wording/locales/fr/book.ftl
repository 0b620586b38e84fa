### Booking an appointment

book-button-front = Réserver un rendez-vous

## The three steps

book-steps = Étapes
book-step-time = Choisir un horaire
book-step-who = Vos coordonnées
book-step-check = Vérifier et réserver
book-step-done = (fait)

## Choosing service, therapist and time

book-time = Quand cela vous convient-il ?
book-service = Que souhaitez-vous réserver ?
book-service-price = { $duration }, { $price }
book-service-free = { $duration }, gratuit
book-therapist = Avec qui ?
book-therapist-unnamed = Thérapeute
book-chosen = (choisi)
book-next = Prochain horaire libre
book-next-button = Prendre cet horaire
book-times = Horaires libres du { $first } au { $last }
book-slot = { $date }, { $time }
book-none-on = { $date } : aucun horaire libre
book-none-between = Du { $first } au { $last } : aucun horaire libre
book-none =
    { $count ->
        [one] Aucun horaire n’est libre dans le délai de réservation de { $count } jour. Veuillez réessayer plus tard, ou contacter le cabinet.
       *[other] Aucun horaire n’est libre dans le délai de réservation de { $count } jours. Veuillez réessayer plus tard, ou contacter le cabinet.
    }
book-none-from = À partir du { $date }, il n’y a pas encore d’horaire libre. Veuillez regarder plus tôt.
book-earlier = Horaires précédents
book-later = Horaires suivants
book-zone = Fuseau horaire
book-zone-shown = Tous les horaires sont ceux de { $place }
book-zone-practice = Le cabinet est dans un autre fuseau horaire : { $place }. La date peut y être différente.
book-zone-button = Afficher les horaires dans ce fuseau
book-zone-hint = Votre navigateur est réglé sur un autre fuseau horaire : { $zone }.
book-zone-hint-button = Afficher les horaires de { $zone }
book-taken = Cet horaire n’est plus libre.
book-taken-sentence = L’horaire du { $when } a été réservé, ou ne peut plus être réservé ici. Rien n’a été débité. Veuillez choisir un autre horaire.
book-taken-note = Votre message est conservé.
book-closed = Pas encore de rendez-vous
book-closed-sentence = Aucun rendez-vous ne peut être réservé ici pour le moment. Veuillez contacter le cabinet.

## Who books

book-who = Qui êtes-vous ?
book-slot-heading = Votre rendez-vous
book-fact-service = Prestation
book-fact-therapist = Avec
book-fact-price = Prix
book-fact-price-free = Gratuit
book-fact-practice = Heure du cabinet
book-other-time = Choisir un autre horaire
book-not-reserved = Cet horaire ne sera réservé qu’à la dernière étape, lorsque vous réservez.
book-new = C’est ma première visite
book-new-sentence = Veuillez nous dire qui vous êtes. Nous vous envoyons par e-mail un lien qui confirme votre adresse et ramène à ce rendez-vous.
book-new-wrong = Une information n’est pas encore correcte. Votre rendez-vous reste choisi.
book-new-button = Recevoir le lien
book-new-no-password = Vous n’avez pas besoin de mot de passe. Vous pourrez en définir un plus tard dans votre compte.
book-new-closed = Le cabinet crée les nouveaux comptes. Veuillez nous contacter.
book-register = S’inscrire avec un mot de passe
book-known = J’ai un compte
book-log-in = Se connecter et continuer

# After the form of a new client.

book-mailed = Nous vous avons envoyé un e-mail. Veuillez ouvrir le lien qu’il contient pour continuer avec votre rendez-vous : { $when }.
book-mailed-not-reserved = Il ne vous est réservé qu’une fois la réservation faite.
book-mailed-again = Saisir une autre adresse e-mail

## The summary

book-check = Tout est-il correct ?
book-you = Vos coordonnées
book-you-name = Nom
book-you-email = E-mail
book-terms = En cas d’imprévu
book-move = Déplacer
book-move-until = Jusqu’au { $when }, gratuitement et aussi souvent que nécessaire.
book-move-late = Ce rendez-vous commence si tôt qu’il ne peut pas être déplacé ici. Veuillez contacter le cabinet.
book-cancel = Annuler
book-cancel-free = Jusqu’au début, gratuitement.
book-cancel-free-until = Jusqu’au { $when }, gratuitement.
book-cancel-full = Jusqu’au début : vous récupérez { $amount }, le montant total.
book-cancel-part = Jusqu’au { $when } : vous récupérez { $amount }, le montant total. Après : { $late }.
book-cancel-nothing = Jusqu’au { $when } : vous récupérez { $amount }, le montant total. Après, rien n’est remboursé.
book-cancel-late-part = Ce rendez-vous commence bientôt : vous récupérez { $late } sur { $amount }.
book-cancel-late-nothing = Ce rendez-vous commence bientôt ; rien n’est donc remboursé.
book-grace = Réservé par erreur ?
book-grace-sentence = Juste après la réservation ({ $minutes }), l’annulation est toujours gratuite.
book-note = Message (facultatif)
book-note-hint = Pour votre thérapeute. Au plus { $max } caractères.
book-note-too-long = Veuillez raccourcir le message à { $max } caractères.
book-button = Réserver
book-button-pay = Réserver avec obligation de paiement et payer { $amount }
book-button-price = Réserver avec obligation de paiement : { $amount }
book-pay-online = Vous payez sur la page de notre prestataire de paiement. Cet horaire est réservé pendant { $minutes }, et confirmé dès que votre paiement arrive.
book-pay-offline = Cet horaire est réservé jusqu’au { $until }, et confirmé dès que votre paiement arrive. Vous apprendrez comment payer sur la page suivante et par e-mail.

## After the address of a new account is verified

book-verified-free = Continuer avec ce rendez-vous
book-verified-taken = Choisir un autre horaire
