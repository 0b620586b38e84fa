### Emails. Each kind has a subject, a heading, an opening above the appointment, and paragraphs below it.

greeting = Bonjour { $name },
greeting-without-name = Bonjour,
closing = Bien cordialement
colon = {"\u00A0"}:
join-label = Rejoindre le rendez-vous
pay-label = Consulter et payer
pay-practice = Si vous ne savez pas comment payer, veuillez contacter le cabinet.
phone = Téléphone { $phone }
imprint = Mentions légales
privacy = Confidentialité

# The link is personal in every email that has one.
keep-email = Le lien est personnel. Merci de ne pas le transmettre. L’événement de calendrier joint ne le contient pas : merci de conserver cet e-mail.

meeting-info =
    .subject = Votre rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Votre rendez-vous est confirmé
    .opening = Nous serons heureux de vous retrouver :
    .after = { keep-email }

reminder =
    .subject = Rappel : votre rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Votre rendez-vous commence bientôt
    .opening = Votre rendez-vous commence { $starts_in } :
    .after = { keep-email }

invitation =
    .subject = Invitation : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Une invitation à un rendez-vous
    .opening = Nous vous invitons à ce rendez-vous ({ $practice }) :
    .after = Vous n’avez pas besoin de compte. { keep-email }

rescheduled =
    .subject = Nouvel horaire : votre rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Votre rendez-vous a un nouvel horaire
    .opening = Votre rendez-vous a été déplacé. Le nouvel horaire est :
    .was = Avant : { $was }
    .after = Le lien est personnel. Merci de ne pas le transmettre. L’événement de calendrier joint contient le nouvel horaire, mais pas le lien : merci de conserver cet e-mail.

# The session was moved, and moved back before its reader was told.
moved-back =
    .subject = Inchangé : votre rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Votre rendez-vous reste comme prévu
    .opening = Votre rendez-vous a été déplacé, puis remis à son horaire d’origine. Il a donc lieu à l’horaire que vous connaissez :
    .after = { keep-email }

cancelled =
    .subject = Annulé : votre rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Votre rendez-vous est annulé
    .opening = Ce rendez-vous a été annulé :
    .opening-by-recipient = Vous avez annulé ce rendez-vous :
    .opening-by-practice = Nous avons annulé ce rendez-vous :
    .reason = Notre motif : { $reason }
    .refund = Votre paiement de { $refund } vous sera remboursé en totalité, en général sous 5 à 10 jours.
    .refund-by-hand = Votre paiement de { $refund } vous sera remboursé en totalité ; nous vous le rendrons nous-mêmes.
    .part = Sur votre paiement, nous vous rembourserons { $refund }, en général sous 5 à 10 jours ; nous gardons { $kept }, car l’annulation gratuite était possible jusqu’au { $free_until }.
    .part-by-hand = Sur votre paiement, nous vous rembourserons { $refund } et vous rendrons cette somme nous-mêmes ; nous gardons { $kept }, car l’annulation gratuite était possible jusqu’au { $free_until }.
    .kept = Nous gardons votre paiement de { $kept }, car l’annulation gratuite était possible jusqu’au { $free_until }.
    .book-again = Si vous souhaitez un autre rendez-vous, veuillez réserver à nouveau.
    .book-again-at = Si vous souhaitez un autre rendez-vous, vous pouvez le réserver sur { $website }.
    .book-again-contact = Si vous souhaitez un autre rendez-vous, veuillez nous contacter. Nos coordonnées se trouvent à la fin de cet e-mail.
    .after = L’événement de calendrier joint est marqué comme annulé. Merci de vérifier que le rendez-vous a disparu de votre calendrier.

reassigned =
    .subject = Changement : votre rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Un ou une collègue se charge de votre rendez-vous
    .opening = { $therapist } se charge de votre rendez-vous. Tout le reste est inchangé :
    .opening-without-name = Un ou une collègue se charge de votre rendez-vous. Tout le reste est inchangé :
    .after = { keep-email }

updated =
    .subject = Changement : votre rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = La durée de votre rendez-vous a changé
    .opening = Votre rendez-vous dure désormais { $duration } :
    .after = Le lien est personnel. Merci de ne pas le transmettre. L’événement de calendrier joint contient la nouvelle durée, mais pas le lien : merci de conserver cet e-mail.

meeting-link =
    .subject = Votre lien pour le rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Votre lien
    .opening = Voici à nouveau votre lien pour ce rendez-vous :
    .after = Les liens des e-mails précédents ne fonctionnent peut-être plus ; veuillez utiliser celui-ci. { keep-email }

receipt =
    .subject = Paiement reçu : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Merci pour votre paiement
    .opening = Nous avons reçu votre paiement de { $amount } le { $received_at }. Il concerne la réservation numéro { $booking } :
    .after = Cet e-mail est votre reçu : merci de le conserver. Ce n’est pas une facture au sens fiscal.
    .after-part = Il reste { $left } à payer avant le { $pay_until }. Jusque-là, nous gardons cet horaire pour vous. Cet e-mail est votre reçu : merci de le conserver. Ce n’est pas une facture au sens fiscal.

payment-failed =
    .subject = Paiement non abouti : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Votre paiement n’a pas abouti
    .opening = Votre paiement de { $amount } pour ce rendez-vous n’a pas abouti, et rien n’a été débité :
    .after = Sans ce paiement, nous n’avons pas pu garder cet horaire pour vous. Si vous souhaitez toujours un rendez-vous, veuillez réserver à nouveau.
    .after-while-held = Nous gardons cet horaire pour vous jusqu’au { $retry_until }. D’ici là, vous pouvez payer à nouveau depuis vos réservations.

payment-will-be-refunded =
    .subject = Remboursement prévu : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Votre paiement sera remboursé
    .opening = Votre paiement de { $amount } est arrivé trop tard pour ce rendez-vous, ou celui-ci était déjà payé :
    .after = La totalité vous sera remboursée automatiquement, en général sous 5 à 10 jours. Vous n’avez rien à faire. Vos réservations indiquent si le rendez-vous est confirmé.

refund =
    .subject = Votre remboursement : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Votre remboursement est en route
    .opening = Nous vous avons remboursé { $amount } le { $refunded_at }. Ce remboursement concerne la réservation numéro { $booking } :
    .after = Votre banque peut mettre quelques jours à l’afficher.

payment-instructions =
    .subject = Comment payer : votre rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Veuillez payer votre rendez-vous
    .opening = Veuillez payer { $amount } avant le { $pay_until }, avec la référence { $booking }. Jusque-là, nous gardons cet horaire pour vous :
    .after = Dès que nous aurons reçu votre paiement, votre rendez-vous sera confirmé, et vous recevrez un e-mail avec tout ce qu’il vous faut.

payment-request =
    .subject = Paiement à faire : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Veuillez payer votre rendez-vous
    .opening = Nous vous avons réservé cet horaire. Veuillez payer { $amount } avant le { $pay_until } :
    .after = Dès que vous aurez payé, votre rendez-vous sera confirmé, et vous recevrez un e-mail avec tout ce qu’il vous faut. Si vous ne voulez pas de ce rendez-vous, vous n’avez rien à faire. Le numéro de votre réservation est { $booking }.

payment-reminder =
    .subject = Pas encore payé : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Votre rendez-vous n’est pas encore payé
    .opening = Nous gardons cet horaire pour vous jusqu’au { $pay_until }. Veuillez payer { $amount } d’ici là :
    .after = Si vous ne voulez pas de ce rendez-vous, vous n’avez rien à faire. Le numéro de votre réservation est { $booking }.

hold-expired =
    .subject = Non réservé : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Nous ne gardons plus cet horaire pour vous
    .opening = Nous n’avons pas reçu votre paiement de { $amount } à temps ; ce rendez-vous n’est donc pas réservé :
    .after = Si vous souhaitez toujours un rendez-vous, veuillez réserver à nouveau. Si vous avez déjà payé, veuillez contacter le cabinet en indiquant le numéro de réservation { $booking }.
    .after-part = La somme de { $received } que nous avons reçue vous sera remboursée. Si vous souhaitez toujours un rendez-vous, veuillez réserver à nouveau. Des questions ? Veuillez indiquer le numéro de réservation { $booking }.

cancelled-unpaid =
    .subject = Annulé : votre rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Votre rendez-vous est annulé
    .opening = Ce rendez-vous a été annulé :
    .opening-by-recipient = Vous avez annulé ce rendez-vous :
    .opening-by-practice = Nous avons annulé ce rendez-vous :
    .after-part = Vous n’avez plus à le payer. La somme de { $received } que nous avons reçue vous sera remboursée. Des questions ? Veuillez indiquer le numéro de réservation { $booking }.
    .after = Vous n’avez plus à le payer. Si vous avez déjà payé, veuillez contacter le cabinet en indiquant le numéro de réservation { $booking }.

### About several appointments of a series, which are listed below the opening.

meeting-info-series =
    .subject = Vos { $count } rendez-vous à partir du { $short_date }
    .heading = Vos { $count } rendez-vous sont confirmés
    .opening = Nous serons heureux de vous retrouver :
    .after = Chaque lien est personnel. Merci de n’en transmettre aucun. Le fichier de calendrier joint contient les { $count } rendez-vous, mais pas les liens : merci de conserver cet e-mail.

rescheduled-series =
    .subject = Nouveaux horaires : vos { $count } rendez-vous à partir du { $short_date }
    .heading = Vos { $count } rendez-vous ont de nouveaux horaires
    .opening = Ces rendez-vous ont été déplacés. Les nouveaux horaires sont :
    .after = Chaque lien est personnel. Merci de n’en transmettre aucun. Le fichier de calendrier joint contient les nouveaux horaires, mais pas les liens : merci de conserver cet e-mail.

cancelled-series =
    .subject = Annulés : vos { $count } rendez-vous à partir du { $short_date }
    .heading = Vos { $count } rendez-vous sont annulés
    .opening = Ces rendez-vous ont été annulés :
    .opening-by-recipient = Vous avez annulé ces rendez-vous :
    .opening-by-practice = Nous avons annulé ces rendez-vous :
    .after = Merci de vérifier que les rendez-vous ont disparu de votre calendrier.

receipt-series =
    .subject = Paiements reçus : { $count } rendez-vous à partir du { $short_date }
    .heading = Merci pour vos paiements
    .opening = Nous avons reçu { $total } de votre part pour { $count } rendez-vous :
    .after = Cet e-mail est votre reçu : merci de le conserver. Ce n’est pas une facture au sens fiscal.

payment-instructions-series =
    .subject = Comment payer : vos { $count } rendez-vous à partir du { $short_date }
    .heading = Veuillez payer vos rendez-vous
    .opening = Veuillez payer ces { $count } rendez-vous, { $total } au total. Nous gardons chaque horaire pour vous jusqu’à l’échéance de son paiement :
    .after = Dès que nous aurons reçu le paiement d’un rendez-vous, il sera confirmé, et vous recevrez un e-mail avec tout ce qu’il vous faut.

payment-request-series =
    .subject = Paiement à faire : vos { $count } rendez-vous à partir du { $short_date }
    .heading = Veuillez payer vos rendez-vous
    .opening = Nous vous avons réservé ces { $count } horaires. Veuillez payer chacun d’eux à temps, { $total } au total :
    .after = Dès que vous aurez payé un rendez-vous, il sera confirmé, et vous recevrez un e-mail avec tout ce qu’il vous faut. Pour un rendez-vous dont vous ne voulez pas, vous n’avez rien à faire.

payment-reminder-series =
    .subject = Pas encore payés : { $count } rendez-vous à partir du { $short_date }
    .heading = Ces rendez-vous ne sont pas encore payés
    .opening = Nous gardons ces { $count } horaires pour vous. Veuillez payer chacun d’eux à temps, { $total } au total :
    .after = Pour un rendez-vous dont vous ne voulez pas, vous n’avez rien à faire.

hold-expired-series =
    .subject = Non réservés : { $count } rendez-vous à partir du { $short_date }
    .heading = Nous ne gardons plus ces horaires pour vous
    .opening = Nous n’avons pas reçu votre paiement à temps ; ces rendez-vous ne sont donc pas réservés :
    .after = Si vous souhaitez toujours un rendez-vous, veuillez réserver à nouveau. Si vous avez déjà payé, veuillez contacter le cabinet en indiquant le numéro de réservation.

series-payment =
    .received = { $amount } : paiement reçu le { $received_at }, réservation numéro { $booking }
    .due = { $amount } à payer avant le { $pay_until }, réservation numéro { $booking }
    .not-received = { $amount } : paiement non reçu, réservation numéro { $booking }
    .no-longer-due = Vous n’avez plus à le payer. Réservation numéro { $booking }
    .returned = La somme de { $received } que nous avons reçue vous sera remboursée.

### To therapists. Subjects are as neutral as a client's; the text names the client.

client = Client ou cliente : { $client }
client-without-name = sans nom

therapist-booked =
    .subject = Réservé : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Un nouveau rendez-vous
    .opening = Ce rendez-vous a été réservé dans votre calendrier :
    .after = Le lien vous est réservé. Merci de ne pas le transmettre.

therapist-booked-series =
    .subject = Réservés : { $count } rendez-vous à partir du { $short_date }
    .heading = { $count } nouveaux rendez-vous
    .opening = Ces rendez-vous ont été réservés dans votre calendrier :
    .after = Les liens vous sont réservés. Merci de ne pas les transmettre.

therapist-rescheduled =
    .subject = Nouvel horaire : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Un rendez-vous a un nouvel horaire
    .opening = Ce rendez-vous de votre calendrier a été déplacé. Il a désormais lieu à cet horaire :
    .after = Le lien vous est réservé. Merci de ne pas le transmettre. L’événement de calendrier joint contient le nouvel horaire.

therapist-rescheduled-series =
    .subject = Nouveaux horaires : { $count } rendez-vous à partir du { $short_date }
    .heading = { $count } rendez-vous ont de nouveaux horaires
    .opening = Ces rendez-vous de votre calendrier ont été déplacés. Les nouveaux horaires sont :
    .after = Les liens vous sont réservés. Merci de ne pas les transmettre. Le fichier de calendrier joint contient les nouveaux horaires.

therapist-cancelled =
    .subject = Annulé : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Un rendez-vous a été annulé
    .opening = Votre client ou cliente a annulé ce rendez-vous de votre calendrier :
    .opening-by-recipient = Vous avez annulé ce rendez-vous de votre calendrier :
    .opening-by-practice = Le cabinet a annulé ce rendez-vous de votre calendrier :
    .after = L’horaire est à nouveau libre. L’événement de calendrier joint est marqué comme annulé. Merci de vérifier que le rendez-vous a disparu de votre calendrier.

therapist-reassigned =
    .subject = Transmis : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Un rendez-vous a été transmis
    .opening = { $therapist } se charge de ce rendez-vous, qui était dans votre calendrier :
    .opening-without-name = Un ou une collègue se charge de ce rendez-vous, qui était dans votre calendrier :
    .after = L’horaire est à nouveau libre. L’événement de calendrier joint est marqué comme annulé. Merci de vérifier que le rendez-vous a disparu de votre calendrier.

therapist-updated =
    .subject = Changement : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = La durée d’un rendez-vous a changé
    .opening = Ce rendez-vous de votre calendrier dure désormais { $duration } :
    .after = Le lien vous est réservé. Merci de ne pas le transmettre. L’événement de calendrier joint contient la nouvelle durée.

therapist-cancelled-series =
    .subject = Annulés : { $count } rendez-vous à partir du { $short_date }
    .heading = { $count } rendez-vous ont été annulés
    .opening = Votre client ou cliente a annulé ces rendez-vous de votre calendrier :
    .opening-by-recipient = Vous avez annulé ces rendez-vous de votre calendrier :
    .opening-by-practice = Le cabinet a annulé ces rendez-vous de votre calendrier :
    .after = Les horaires sont à nouveau libres. Merci de vérifier que les rendez-vous ont disparu de votre calendrier.

therapist-payment =
    .subject = Paiement reçu : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Un paiement a été reçu
    .opening = Un paiement de { $amount } a été reçu le { $received_at }. Il concerne la réservation numéro { $booking } :
    .after = Un reçu est envoyé à votre client ou cliente.

therapist-payment-series =
    .subject = Paiements reçus : { $count } rendez-vous à partir du { $short_date }
    .heading = { $count } paiements ont été reçus
    .opening = Nous avons reçu { $total } au total pour ces rendez-vous :
    .after = Un reçu est envoyé à votre client ou cliente.

therapist-payment-review =
    .subject = Paiement à vérifier : rendez-vous du { $short_date }, { $time } ({ $offset })
    .heading = Un paiement est à vérifier
    .opening = Le paiement de ce rendez-vous ne correspond pas à ce qui est dû, ou un remboursement a échoué :
    .after = La liste des problèmes de paiement du cabinet indique de quoi il s’agit. Votre client ou cliente n’en saura rien avant que quelqu’un ait vérifié.

agenda =
    .subject = Vos rendez-vous du { $date }
    .heading = Vos rendez-vous du { $date }
    .opening = Voici vos rendez-vous de la journée :
    .after = Les liens vous sont réservés. Merci de ne pas les transmettre. Ce qui a été réservé ou modifié après l’envoi de cet e-mail n’y figure pas.

### To the owners of accounts. Someone else may have caused the email, so each one says what to do then.

# Below the button.
works-once = Le lien fonctionne une seule fois, jusqu’au { $expires }.

# Below a link of a client who chose a time before.
chosen-slot = Le lien ramène au rendez-vous que vous avez choisi : { $start }. Il ne vous est réservé qu’une fois la réservation faite.

# Below what someone else could have done with the account.
if-not-you = Si c’était vous, vous n’avez rien à faire. Sinon, veuillez définir immédiatement un nouveau mot de passe et contacter le cabinet.

password-reset =
    .subject = Définir un nouveau mot de passe
    .heading = Définir un nouveau mot de passe
    .opening = Avec ce lien, vous pouvez définir un nouveau mot de passe pour votre compte :
    .button = Définir un nouveau mot de passe
    .after = Si vous n’êtes pas à l’origine de cette demande, vous pouvez ignorer cet e-mail. Votre mot de passe reste inchangé.

login-link =
    .subject = Votre lien de connexion
    .heading = Se connecter sans mot de passe
    .opening = Avec ce lien, vous pouvez vous connecter à votre compte sans mot de passe :
    .button = Se connecter
    .after = Le lien est personnel. Merci de ne pas le transmettre. Si vous n’êtes pas à l’origine de cette demande, vous pouvez ignorer cet e-mail.

email-verification =
    .subject = Veuillez confirmer votre adresse e-mail
    .heading = Veuillez confirmer votre adresse e-mail
    .opening = Un compte a été créé chez nous ({ $practice }) avec cette adresse e-mail. Avec ce lien, vous confirmez que l’adresse est la vôtre :
    .button = Confirmer cette adresse
    .after = Si vous n’êtes pas à l’origine de cette demande, vous pouvez ignorer cet e-mail.

email-confirmation =
    .subject = Veuillez confirmer votre nouvelle adresse e-mail
    .heading = Veuillez confirmer votre nouvelle adresse e-mail
    .opening = Cette adresse e-mail a été saisie pour un compte chez nous ({ $practice }). Avec ce lien, vous confirmez qu’elle est la vôtre :
    .button = Utiliser cette adresse
    .after = D’ici là, le compte conserve son adresse actuelle. Si vous n’êtes pas à l’origine de cette demande, vous pouvez ignorer cet e-mail.

# To the former address.
email-changed =
    .subject = L’adresse e-mail de votre compte a été modifiée
    .heading = Votre adresse e-mail a été modifiée
    .opening = Votre compte chez nous ({ $practice }) n’utilise plus l’adresse à laquelle nous avons envoyé cet e-mail. Il utilise désormais celle-ci :
    .button = Annuler cette modification
    .after = Si c’était vous, vous n’avez rien à faire. Sinon, veuillez l’annuler : votre compte retrouve cette adresse, toutes les personnes qui l’utilisent sont déconnectées, et il vous est demandé de définir un nouveau mot de passe.

account-invitation =
    .subject = Votre compte : veuillez définir un mot de passe
    .heading = Vous avez un compte
    .opening = Nous avons créé un compte pour vous ({ $practice }). Avec ce lien, vous définissez son mot de passe :
    .button = Définir un mot de passe
    .after = Si vous ne souhaitez pas utiliser le compte, vous pouvez ignorer cet e-mail. Nous vous enverrons de toute façon des e-mails au sujet de vos rendez-vous.

registration-attempt =
    .subject = Vous avez déjà un compte
    .heading = Vous avez déjà un compte
    .opening = Quelqu’un, peut-être vous, a essayé de s’inscrire chez nous ({ $practice }) avec cette adresse e-mail. Vous avez déjà un compte avec elle ; aucun autre n’a donc été créé.
    .after = Si c’était vous, veuillez plutôt vous connecter, ou demander un lien pour définir un nouveau mot de passe. Sinon, vous n’avez rien à faire.

password-changed =
    .subject = Votre mot de passe a été modifié
    .heading = Votre mot de passe a été modifié
    .opening = Le mot de passe de votre compte a été modifié le { $when }.
    .after = { if-not-you }

second-factor-added =
    .subject = Un second facteur a été configuré
    .heading = Un second facteur a été configuré
    .opening = Une application d’authentification a été configurée pour votre compte le { $when }. Désormais, vous vous connectez aussi avec un code de cette application.
    .after = { if-not-you }

second-factor-removed =
    .subject = Le second facteur a été supprimé
    .heading = Le second facteur a été supprimé
    .opening = L’application d’authentification a été retirée de votre compte le { $when }. Désormais, vous vous connectez sans code.
    .after = { if-not-you }

role-changed =
    .subject = Les droits de votre compte ont changé
    .heading = Les droits de votre compte ont changé
    .opening = Votre compte n’a plus les droits d’administration.
    .opening-admin = Votre compte a désormais les droits d’administration et peut tout voir et tout modifier dans le cabinet.
    .after = Si vous ne vous y attendiez pas, veuillez contacter le cabinet.

account-disabled =
    .subject = Votre compte a été désactivé
    .heading = Votre compte a été désactivé
    .opening = Votre compte a été désactivé le { $when }.
    .after = Désormais, vous ne pouvez plus vous connecter, les liens contenus dans nos e-mails ne fonctionnent plus et vous ne recevrez plus d’e-mails. Si vous ne vous y attendiez pas, veuillez contacter le cabinet.

new-login =
    .subject = Nouvelle connexion à votre compte
    .heading = Une nouvelle connexion à votre compte
    .opening = Une connexion à votre compte a eu lieu, depuis un appareil et un réseau que vous n’avez pas utilisés récemment :
    .program = Programme : { $program }
    .after = { if-not-you }

payment-status =
    .not_required = aucun paiement dû
    .pending = pas encore payé
    .processing = paiement en cours
    .succeeded = payé
    .failed = paiement non abouti
    .cancelled = non payé
    .refund_pending = remboursement en cours
    .partially_refunded = remboursé en partie
    .refunded = remboursé
