### Dates, times, durations and amounts. { "\u00A0" } is a no-break space (U+00A0), { "\u202F" } a narrow one.
### The texts contain the narrow one before ; ! ? and the other one before : and inside « ».

weekdays =
    .monday = lundi
    .tuesday = mardi
    .wednesday = mercredi
    .thursday = jeudi
    .friday = vendredi
    .saturday = samedi
    .sunday = dimanche
months =
    .january = janvier
    .february = février
    .march = mars
    .april = avril
    .may = mai
    .june = juin
    .july = juillet
    .august = août
    .september = septembre
    .october = octobre
    .november = novembre
    .december = décembre

date =
    { $day ->
        [1] { $weekday } 1er{ "\u00A0" }{ $month } { $year }
       *[other] { $weekday } { $day }{ "\u00A0" }{ $month } { $year }
    }
short-date =
    { $day ->
        [1] 1er{ "\u00A0" }{ $month }
       *[other] { $day }{ "\u00A0" }{ $month }
    }
month-and-year = { $month } { $year }
weekday-and-date = { $weekday } { $date }
date-and-time = { $date } à { $time }

minutes =
    { $count ->
        [one] { $count }{ "\u00A0" }minute
       *[other] { $count }{ "\u00A0" }minutes
    }
amount-with-sign = { $amount }{ "\u00A0" }{ $sign }
amount-with-code = { $amount }{ "\u00A0" }{ $code }
# Digits are grouped if at least min-grouping of them are before the first separator.
numbers =
    .decimal-separator = ,
    .group-separator = { "\u202F" }
    .min-grouping = 1

in-days =
    { $count ->
        [one] dans { $count }{ "\u00A0" }jour
       *[other] dans { $count }{ "\u00A0" }jours
    }
in-hours =
    { $count ->
        [one] dans { $count }{ "\u00A0" }heure
       *[other] dans { $count }{ "\u00A0" }heures
    }
in-minutes =
    { $count ->
        [one] dans { $count }{ "\u00A0" }minute
       *[other] dans { $count }{ "\u00A0" }minutes
    }
in-about-minutes =
    { $count ->
        [one] dans environ { $count }{ "\u00A0" }minute
       *[other] dans environ { $count }{ "\u00A0" }minutes
    }
in-about-hours =
    { $count ->
        [one] dans environ { $count }{ "\u00A0" }heure
       *[other] dans environ { $count }{ "\u00A0" }heures
    }
starts-now = maintenant

# An entry in the reader's calendar, which others may see.
calendar-entry =
    .title = Votre rendez-vous
    .join = Pour participer, ouvrez le lien reçu par e-mail.
    .cancelled = Ce rendez-vous a été annulé.
    .reassigned = Un ou une collègue se charge de ce rendez-vous.

# Why the video server lets no one into a room. It shows the message.
room-unknown = Cette salle n’existe pas.
room-opens = Cette salle ouvre le { $opens }.
room-over = Ce rendez-vous est terminé.
room-cancelled = Ce rendez-vous a été annulé.
room-unconfirmed = Cette réservation n’est pas confirmée.
