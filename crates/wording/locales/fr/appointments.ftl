### The pages about a client's own appointments. The messages are plain texts; links and buttons have their whole text.

## The list

appointments = Vos rendez-vous
appointments-as-client = Voici les rendez-vous que vous avez réservés pour vous-même.
appointments-none = Vous n’avez pas encore de rendez-vous.
appointments-none-earlier = Il n’y a pas de rendez-vous antérieurs.
appointments-book = Réserver un rendez-vous
appointments-next = Prochain rendez-vous
appointments-to-do = À faire
appointments-upcoming = Ensuite
appointments-past = Rendez-vous passés
appointments-earlier = Rendez-vous antérieurs
appointments-in-calendar = Afficher vos rendez-vous dans votre agenda
appointments-held = Réservé jusqu’au { $until }
appointments-pay = Payer { $amount } maintenant

## What a list and a page say about an appointment

# For screen readers, after the text of a link that occurs several times: "Move: Monday, 15 January 2024 at 10:00".
appointment-about =  : { $when }
appointment-line = { $service }, { $duration }
appointment-line-with = { $service } avec { $therapist }, { $duration }
appointment-opens = La salle ouvre le { $short_date } à { $time }.
appointment-join = Rejoindre le rendez-vous
appointment-details = Détails
appointment-move = Déplacer
appointment-cancel = Annuler
appointment-calendar = Fichier de calendrier
appointment-state-confirmed = Confirmé
appointment-state-unpaid = Pas encore payé
appointment-state-processing = Paiement en cours
appointment-state-over = Terminé
appointment-state-completed = A eu lieu
appointment-state-missed = Manqué
appointment-state-cancelled = Annulé
appointment-state-expired = Non payé à temps
appointment-refund-pending = Remboursement de { $amount } en cours depuis le { $date }
appointment-refund-done = Remboursement de { $amount } effectué le { $date }
appointment-refund-failed = Le remboursement de { $amount } n’a pas encore abouti. Le cabinet s’en occupe.

## One appointment

appointment-heading = Rendez-vous du { $short_date } à { $time }
appointment-when = Quand
appointment-service = Prestation
appointment-therapist = Avec
appointment-price = Prix
appointment-cancelled-at = Annulé
appointment-by-you = Par vous
appointment-by-practice = Par le cabinet
appointment-reason = Motif
appointment-refund = Remboursement
appointment-your-note = Votre message
appointment-number = Numéro de réservation
appointments-all = Tous les rendez-vous
appointment-due = Veuillez payer { $amount } avant le { $until }.
appointment-due-sentence = Nous vous avons réservé cet horaire. Le rendez-vous sera confirmé dès que vous aurez payé.
appointment-due-ask = Si vous ne savez pas comment payer, veuillez contacter le cabinet.
appointment-move-until = Vous pouvez déplacer ce rendez-vous jusqu’au { $until }.
appointment-free-until = Si vous annulez avant le { $until }, vous récupérez tout ce que vous avez payé.
appointment-free-over = L’annulation gratuite était possible jusqu’au { $until }.
appointment-note-booked = Votre rendez-vous du { $when } est confirmé. Nous vous avons envoyé un e-mail avec tout ce qu’il vous faut.
appointment-note-held = Nous vous avons réservé cet horaire : { $when }. Veuillez payer, et le rendez-vous sera confirmé.
appointment-note-paid = Merci, votre paiement est arrivé. Votre rendez-vous du { $when } est confirmé.
appointment-note-moved = Votre rendez-vous a maintenant lieu le { $when }. Toutes les personnes qui participent reçoivent un e-mail.
appointment-note-cancelled = Le rendez-vous du { $when } est annulé. Nous vous avons envoyé un e-mail à ce sujet.
appointment-changed = Le rendez-vous a changé entre-temps. Rien n’a été fait. Veuillez le vérifier, puis réessayer.
appointment-ask = Si vous avez besoin d’aide, veuillez contacter le cabinet.
appointment-ask-below = Si vous avez besoin d’aide, veuillez contacter le cabinet. Ses coordonnées se trouvent en bas de cette page.
appointment-back = Retour au rendez-vous

## Cancelling

cancel-heading = Annuler le rendez-vous
cancel-full = Vous récupérez { $refund }, le montant total.
cancel-full-because = L’annulation gratuite est possible jusqu’au { $free_until }.
cancel-part = Vous récupérez { $refund }, et le cabinet garde { $kept }.
cancel-part-because = L’annulation gratuite était possible jusqu’au { $free_until }.
cancel-nothing = Rien n’est remboursé, car l’annulation gratuite était possible jusqu’au { $free_until }.
cancel-nothing-because = Le cabinet garde la somme de { $kept } que vous avez payée.
cancel-no-money = Vous n’avez rien payé, et vous ne payez rien si vous annulez.
cancel-refund-way = L’argent vous revient par le même moyen de paiement, en général sous 5 à 10 jours.
cancel-refund-by-hand = Le cabinet vous rend l’argent lui-même.
cancel-reason = Motif (facultatif)
cancel-reason-hint = Seul le cabinet peut le lire.
cancel-reason-invalid = Veuillez utiliser au plus 500 caractères.
cancel-button = Annuler le rendez-vous
cancel-button-refund = Annuler le rendez-vous, remboursement de { $refund }
cancel-button-nothing = Annuler le rendez-vous, sans remboursement
cancel-keep = Garder le rendez-vous
cancel-instead = Un autre jour vous conviendrait mieux ?
cancel-instead-sentence = Déplacer ne coûte rien, et ce que vous avez payé reste valable.
cancel-quote-changed = Ce que vous récupérez a changé entre-temps. Rien n’a été annulé. Veuillez vérifier le nouveau montant.
cancel-closed = Vous ne pouvez pas annuler ce rendez-vous
cancel-closed-cancelled = Il est déjà annulé.
cancel-closed-expired = Il n’a pas été payé à temps et ne vous est donc plus réservé. Vous n’avez pas besoin de l’annuler.
cancel-closed-processing = Votre paiement est en cours de traitement. Veuillez réessayer lorsqu’il sera arrivé.
cancel-closed-begun = Il a commencé le { $when }, et pouvait être annulé jusque-là.
cancel-closed-over = Il a eu lieu le { $when }, et il est terminé.

## Moving

move-heading = Déplacer le rendez-vous
move-choose = Choisissez un autre horaire
move-confirm = Déplacer à cet horaire ?
move-at-present = Actuellement
move-was = Avant
move-now = Maintenant
move-costs = Coût
move-costs-nothing = Aucun. Ce que vous avez payé reste valable.
move-button = Déplacer au { $when }
move-keep = Garder l’horaire actuel
move-other = Choisir un autre horaire
move-present = actuel
# For screen readers, before the time of a button: "Monday, 15 January 2024, UTC+01:00, 10:00".
move-about = { $date }, { $offset },
move-earlier-days = Jours précédents
move-later-days = Jours suivants
move-next-free = Aucun horaire n’est libre ces jours-là. Le prochain est le { $next }.
move-none-free = Aucun horaire n’est libre à partir de ce jour.
move-taken = Cet horaire n’est plus libre. Rien n’a changé. Veuillez en choisir un autre.
move-closed = Vous ne pouvez pas déplacer ce rendez-vous
move-closed-since = Il pouvait être déplacé jusqu’au { $until }.
move-closed-unpaid = Il n’est pas encore confirmé. Une fois payé, il pourra être déplacé.
move-closed-over = Il est terminé, ou a été annulé.

payment-receipt = Reçu
payment-receipt-client = Reçu pour
payment-receipt-paid = Payé
payment-receipt-keep = Pour conserver le reçu, imprimez cette page ou enregistrez-la en PDF.
payment-receipt-back = Retour au rendez-vous
