### Dates, times, durations and amounts. { "\u00A0" } is a no-break space (U+00A0).

weekdays =
    .monday = Montag
    .tuesday = Dienstag
    .wednesday = Mittwoch
    .thursday = Donnerstag
    .friday = Freitag
    .saturday = Samstag
    .sunday = Sonntag
months =
    .january = Januar
    .february = Februar
    .march = März
    .april = April
    .may = Mai
    .june = Juni
    .july = Juli
    .august = August
    .september = September
    .october = Oktober
    .november = November
    .december = Dezember

date = { $weekday }, { $day }.{ "\u00A0" }{ $month } { $year }
short-date = { $day }.{ "\u00A0" }{ $month }
month-and-year = { $month } { $year }
weekday-and-date = { $weekday }, { $date }
date-and-time = { $date } um { $time }

minutes =
    { $count ->
        [one] 1{ "\u00A0" }Minute
       *[other] { $count }{ "\u00A0" }Minuten
    }
amount-with-sign = { $amount }{ "\u00A0" }{ $sign }
amount-with-code = { $amount }{ "\u00A0" }{ $code }
# Digits are grouped if at least min-grouping of them are before the first separator.
numbers =
    .decimal-separator = ,
    .group-separator = .
    .min-grouping = 1

in-days =
    { $count ->
        [one] in 1{ "\u00A0" }Tag
       *[other] in { $count }{ "\u00A0" }Tagen
    }
in-hours =
    { $count ->
        [one] in 1{ "\u00A0" }Stunde
       *[other] in { $count }{ "\u00A0" }Stunden
    }
in-minutes =
    { $count ->
        [one] in 1{ "\u00A0" }Minute
       *[other] in { $count }{ "\u00A0" }Minuten
    }
in-about-minutes =
    { $count ->
        [one] in etwa 1{ "\u00A0" }Minute
       *[other] in etwa { $count }{ "\u00A0" }Minuten
    }
in-about-hours =
    { $count ->
        [one] in etwa 1{ "\u00A0" }Stunde
       *[other] in etwa { $count }{ "\u00A0" }Stunden
    }
starts-now = jetzt

# An entry in the reader's calendar, which others may see.
calendar-entry =
    .title = Ihr Termin
    .join = Um teilzunehmen, öffnen Sie den Link in Ihrer E-Mail.
    .cancelled = Dieser Termin wurde abgesagt.
    .reassigned = Eine Kollegin oder ein Kollege übernimmt diesen Termin.

# Why the video server lets no one into a room. It shows the message.
room-unknown = Diesen Raum gibt es nicht.
room-opens = Dieser Raum öffnet am { $opens }.
room-over = Dieser Termin ist vorbei.
room-cancelled = Dieser Termin wurde abgesagt.
room-unconfirmed = Diese Buchung ist nicht bestätigt.
