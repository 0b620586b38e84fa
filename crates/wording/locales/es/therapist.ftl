### The pages of therapists.

tab-today = Hoy
therapists-only = Solo para terapeutas
therapists-only-sentence = Esta página es para los terapeutas de la consulta.

## The day

today-title = Hoy, { $day }
today-therapists = Agenda de
today-day = El día
today-nothing = No hay citas ni horas libres ese día.
today-before = Día anterior
today-after = Día siguiente
today-today = Hoy
today-waiting = Espera ahora
today-who-waits = Espera ahora: { $clients }
today-in-room = En la sala
today-since = desde las { $time }
today-about = { $client }, { $time }
today-range = { $from }–{ $to }
today-join = Entrar en la sala
today-complete = Tuvo lugar
today-no-show = No se presentó
today-reopen = Deshacer
today-free = libre
today-changed = Esta cita ha cambiado entretanto. Así está el día ahora.

## The week and the month

tab-week = Semana
tab-clients = Clientes
tab-practice = Consulta
week-title = Semana del { $from } al { $to }
week-before = Semana anterior
week-after = Semana siguiente
week-this = Esta semana
week-place = Las horas son las de { $place }. Sombreado: fuera del horario de trabajo.
week-caption = { $therapist }, { $week }: días en columnas, horas en filas
week-time = Hora
week-closed = cerrado
week-nothing = No hay citas.
month = Mes
month-before = Mes anterior
month-after = Mes siguiente
month-caption = { $therapist }, { $month }: las citas de cada día
month-count =
    { $count ->
        [0] ninguna
        [one] 1{ "\u00A0" }cita
       *[other] { $count }{ "\u00A0" }citas
    }

## One booking

booking-heading = { $client }, { $when }
booking-back = El día
booking-status = Estado
booking-client = Cliente
booking-therapist = Terapeuta
booking-held-until = Reservada hasta
booking-by-client = Por el cliente
booking-note = Nota
booking-note-hint = Su cliente puede leerla.
booking-to-client = Ver la ficha del cliente
booking-to-series = Ver la serie
booking-mark = ¿Tuvo lugar la cita?
booking-end = Terminar para todos
booking-changes = Cambios
booking-move = Cambiar de horario
booking-move-button = Cambiar la cita
booking-reassign = Traspasar a otra persona del equipo
booking-reassign-button = Traspasar
booking-edit = Cambiar el servicio, el precio o la nota
booking-price-hint = Con 0 no hay que pagar nada.
booking-part-paid = Ya se ha pagado { $received }. El precio tiene que ser mayor, o devuelva antes ese importe.
booking-cancel-nothing = No se devuelve nada, porque no se ha pagado nada.
booking-cancel-refund = Se devuelve todo lo que se ha pagado: { $refund }.
booking-revoke-links = Sustituir todos los enlaces
booking-revoke-links-sentence = Los enlaces de correos anteriores dejan de funcionar. Cada persona recibe uno nuevo por correo.
booking-revoke-links-button = Sustituir los enlaces
booking-payments = Pagos
booking-no-payments = No hay pagos.
booking-payment = { $amount } el { $at }
booking-refunded = Devolución de { $amount } el { $at }
booking-pay-page = Página de pago del cliente
booking-checkout = Abrir la página del proveedor de pagos
booking-checkout-why = Su cliente puede pagar en cualquier momento en la página de arriba. Con esto se abre ya la página del proveedor de pagos, para que vea si funciona.
booking-checkout-button = Abrir la página
booking-pay = Registrar un pago
booking-pay-button = Registrar el pago
booking-paid-hint = Si lo deja vacío, todo lo que falta por pagar.
booking-amount-left = No se debe más de { $left }.
booking-refund = Devolver
booking-refund-button = Devolver
booking-refund-hint = Si lo deja vacío, todo lo que queda.
booking-participants = Personas invitadas
booking-invite = Invitar a una persona
booking-invite-button = Invitar
booking-revoke-invitation = Retirar la invitación
booking-invitation-revoked = Invitación retirada
booking-emails = Correos
booking-attendance = Quién estuvo en la sala
booking-attendance-unknown = Persona desconocida
booking-history = Historial

booking-state =
    .pending_payment = aún sin pagar
    .scheduled = confirmada
    .completed = tuvo lugar
    .no_show = no se presentó
    .cancelled = cancelada
    .expired = no pagada a tiempo
payment-state =
    .opening = abriéndose
    .open = abierto
    .processing = en curso
    .closing = cerrándose
    .settled = pagado
    .unapplied = pagado demasiado tarde
    .closed = no pagado
refund-stage =
    .queued = en espera
    .pending = en curso
    .succeeded = realizada
    .failed = fallida
    .retried = fallida, se ha vuelto a intentar
participant-role =
    .participant = Participa
    .presenter = Puede compartir pantalla
    .observer = Mira y escucha
history =
    .booking-held = Reservada, por pagar
    .booking-scheduled = Confirmada
    .booking-rescheduled = Cambiada de horario
    .booking-reassigned = Traspasada
    .booking-cancelled = Cancelada
    .booking-expired = No pagada a tiempo
    .booking-completed = Tuvo lugar
    .booking-no_show = No se presentó
    .booking-reopened = Deshecho
    .booking-links_revoked = Enlaces sustituidos
    .booking-payment_changed = Pago modificado
    .booking-edited = Editada
    .booking-entered = Anotada a posteriori
    .appointment-ended = Terminada para todos
    .participant-invited = Persona invitada
    .participant-revoked = Invitación de una persona retirada
    .payment-unapplied = El pago llegó demasiado tarde
    .notification-retried = Correo enviado de nuevo
    .notification-cancelled = Correo retirado
    .payment_problem-resolved = Problema de pago resuelto
history-by = { $at }, { $who }
history-by-client = { $at }, { $who } (cliente)
history-by-payment = pago
history-by-system = automáticamente
history-was = antes { $from }, ahora { $to }

## A series

series-title = Serie de { $client }
series-changes = Cambiar lo que queda
series-from = Desde
series-move = Cambiar de horario
series-move-sentence = La primera cita pasa a esta hora, y las demás a la misma hora del día. Los días entre una y otra no cambian.
series-move-button = Cambiar las citas
series-move-conflicts = No se ha cambiado nada, porque estas horas no están libres:
series-conflict = { $when }: { $why }
series-skip = Dejar donde están las citas cuya nueva hora no está libre
series-cancel = Cancelar
series-cancel-sentence =
    { $count ->
        [one] Se cancela 1{ "\u00A0" }cita. Devolución: { $refund }.
       *[other] Se cancelan { $count }{ "\u00A0" }citas. Devolución: { $refund }.
    }
series-cancel-button = Cancelar las citas

## Booking for a client

book-for-title = Reservar para un cliente
book-for-check = Comprobar las horas
book-for-before = Antes de guardar
book-for-summary =
    { $all ->
        [one] { $free ->
            [one] Esta hora está libre. Todavía no se ha guardado nada.
           *[other] Esta hora no se ofrece a los clientes. Todavía no se ha guardado nada.
        }
       *[other] Horas libres: { $free } de { $all }. Todavía no se ha guardado nada.
    }
book-for-free = Libre
book-for-outside = Fuera de sus reglas
book-for-taken = No es posible
book-for-payment = Pago
book-for-request = Paga el cliente: enlace por correo, la hora queda reservada durante varios días
book-for-instructions = El cliente le paga a usted; el correo dice cómo
book-for-paid = Ya está pagada
book-for-waived = Sin pago
book-for-method-hint = Solo si ya está pagada.
book-for-past = Ya tuvo lugar; nadie recibe un correo
book-for-skip = Omitir las fechas que no están libres
book-for-button = Reservar
book-for-button-series = Reservar la serie
book-for-conflicts = No se ha reservado nada, porque estas horas no están libres:
book-for-count-invalid = Una serie tiene de 1 a 53 citas, con un intervalo de 1 a 52 semanas.

## Clients

clients-search = Nombre o dirección de correo
clients-search-hint = Basta con partes de palabras: ana gar
clients-none = Todavía no hay clientes.
clients-none-found = No se ha encontrado a nadie.
clients-too-many = Hay más. Escriba una parte mayor del nombre.
clients-add = Añadir un cliente
clients-add-button = Añadir
clients-invite = Enviar una invitación para establecer una contraseña
clients-book-next = Reservar una cita a continuación
client-disabled = Cuenta desactivada

## One person

user-email-confirmed = Confirmada
user-email-unconfirmed = Aún sin confirmar
user-since = Cuenta creada el
user-second-factor = Segundo factor
user-second-factor-on = configurado
user-second-factor-off = sin configurar
user-access = Acceso
user-unpaid = Pendiente de pago por la cita del { $when }: { $amount }.
user-upcoming = Próximas citas
user-no-upcoming = No hay ninguna.
user-past = Citas pasadas
user-account = Cuenta
user-names = Cambiar el nombre
user-email = Cambiar la dirección de correo
user-email-button = Cambiar la dirección
user-password-hint = Su propia contraseña, porque se trata de algo delicado.
user-invitation = Invitación
user-invitation-sentence = Todavía no hay contraseña. El enlace de la invitación es válido durante siete días.
user-invite-button = Enviar de nuevo la invitación
user-withdraw-button = Retirar la invitación
user-grant-admin = Dar permisos de terapeuta
user-grant-admin-sentence = Los terapeutas ven y cambian todo: todos los clientes, citas, pagos y ajustes.
user-grant-admin-button = Dar los permisos
user-revoke-admin = Quitar los permisos de terapeuta
user-revoke-admin-sentence = La cuenta se mantiene, como la de un cliente. Las citas con esta persona también se mantienen.
user-revoke-admin-button = Quitar los permisos
user-disable = Desactivar la cuenta
user-disable-sentence = Todas las sesiones se cierran de inmediato, y los enlaces de los correos dejan de funcionar. Puede volver a activar la cuenta.
user-disable-button = Desactivar
user-cancel-bookings = Cancelar también las próximas citas; lo que se ha pagado se devuelve
user-enable = Activar la cuenta
user-enable-button = Activar

## What waits for a therapist

today-needs = Requiere su atención
today-payment = Pago por revisar
today-email = No se pudo enviar un correo
today-book = Reservar aquí
