### Dates, times, durations and amounts. { "\u00A0" } is a no-break space (U+00A0).

weekdays =
    .monday = Monday
    .tuesday = Tuesday
    .wednesday = Wednesday
    .thursday = Thursday
    .friday = Friday
    .saturday = Saturday
    .sunday = Sunday
months =
    .january = January
    .february = February
    .march = March
    .april = April
    .may = May
    .june = June
    .july = July
    .august = August
    .september = September
    .october = October
    .november = November
    .december = December

date = { $weekday }, { $day }{ "\u00A0" }{ $month } { $year }
short-date = { $day }{ "\u00A0" }{ $month }
month-and-year = { $month } { $year }
weekday-and-date = { $weekday }, { $date }
date-and-time = { $date } at { $time }

minutes =
    { $count ->
        [one] 1{ "\u00A0" }minute
       *[other] { $count }{ "\u00A0" }minutes
    }
amount-with-sign = { $sign }{ $amount }
amount-with-code = { $code }{ "\u00A0" }{ $amount }
# Digits are grouped if at least min-grouping of them are before the first separator.
numbers =
    .decimal-separator = .
    .group-separator = ,
    .min-grouping = 1

in-days =
    { $count ->
        [one] in 1{ "\u00A0" }day
       *[other] in { $count }{ "\u00A0" }days
    }
in-hours =
    { $count ->
        [one] in 1{ "\u00A0" }hour
       *[other] in { $count }{ "\u00A0" }hours
    }
in-minutes =
    { $count ->
        [one] in 1{ "\u00A0" }minute
       *[other] in { $count }{ "\u00A0" }minutes
    }
in-about-minutes =
    { $count ->
        [one] in about 1{ "\u00A0" }minute
       *[other] in about { $count }{ "\u00A0" }minutes
    }
in-about-hours =
    { $count ->
        [one] in about 1{ "\u00A0" }hour
       *[other] in about { $count }{ "\u00A0" }hours
    }
starts-now = now

# An entry in the reader's calendar, which others may see.
calendar-entry =
    .title = Your appointment
    .join = To join, open the link in your email.
    .cancelled = This appointment was cancelled.
    .reassigned = A colleague takes this appointment.

# Why the video server lets no one into a room. It shows the message.
room-unknown = This room does not exist.
room-opens = This room opens on { $opens }.
room-over = This appointment is over.
room-cancelled = This appointment was cancelled.
room-unconfirmed = This booking is not confirmed.
