### Dates, times, durations and amounts. { "\u00A0" } is a no-break space (U+00A0).

weekdays =
    .monday = lunes
    .tuesday = martes
    .wednesday = miércoles
    .thursday = jueves
    .friday = viernes
    .saturday = sábado
    .sunday = domingo
months =
    .january = enero
    .february = febrero
    .march = marzo
    .april = abril
    .may = mayo
    .june = junio
    .july = julio
    .august = agosto
    .september = septiembre
    .october = octubre
    .november = noviembre
    .december = diciembre

date = { $weekday }, { $day }{ "\u00A0" }de{ "\u00A0" }{ $month } de { $year }
short-date = { $day }{ "\u00A0" }de{ "\u00A0" }{ $month }
month-and-year = { $month } de { $year }
weekday-and-date = { $weekday }, { $date }
date-and-time = { $date }, { $time }

minutes =
    { $count ->
        [one] 1{ "\u00A0" }minuto
       *[other] { $count }{ "\u00A0" }minutos
    }
amount-with-sign = { $amount }{ "\u00A0" }{ $sign }
amount-with-code = { $amount }{ "\u00A0" }{ $code }
# Digits are grouped if at least min-grouping of them are before the first separator.
numbers =
    .decimal-separator = ,
    .group-separator = .
    .min-grouping = 2

in-days =
    { $count ->
        [one] dentro de 1{ "\u00A0" }día
       *[other] dentro de { $count }{ "\u00A0" }días
    }
in-hours =
    { $count ->
        [one] dentro de 1{ "\u00A0" }hora
       *[other] dentro de { $count }{ "\u00A0" }horas
    }
in-minutes =
    { $count ->
        [one] dentro de 1{ "\u00A0" }minuto
       *[other] dentro de { $count }{ "\u00A0" }minutos
    }
in-about-minutes =
    { $count ->
        [one] dentro de aproximadamente 1{ "\u00A0" }minuto
       *[other] dentro de unos { $count }{ "\u00A0" }minutos
    }
in-about-hours =
    { $count ->
        [one] dentro de aproximadamente 1{ "\u00A0" }hora
       *[other] dentro de unas { $count }{ "\u00A0" }horas
    }
starts-now = ahora

# An entry in the reader's calendar, which others may see.
calendar-entry =
    .title = Su cita
    .join = Para participar, abra el enlace que recibió por correo.
    .cancelled = Esta cita se ha cancelado.
    .reassigned = Otra persona del equipo se encarga de esta cita.

# Why the video server lets no one into a room. It shows the message.
room-unknown = Esta sala no existe.
room-opens = Esta sala se abre el { $opens }.
room-over = Esta cita ha terminado.
room-cancelled = Esta cita se ha cancelado.
room-unconfirmed = Esta reserva no está confirmada.
