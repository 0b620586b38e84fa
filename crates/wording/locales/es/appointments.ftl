### The pages about a client's own appointments. The messages are plain texts; links and buttons have their whole text.

## The list

appointments = Sus citas
appointments-as-client = Estas son las citas que ha reservado como cliente.
appointments-none = Todavía no tiene citas.
appointments-none-earlier = No hay citas anteriores.
appointments-book = Reservar una cita
appointments-next = Próxima cita
appointments-to-do = Por hacer
appointments-upcoming = Después
appointments-past = Citas pasadas
appointments-earlier = Citas anteriores
appointments-in-calendar = Mostrar sus citas en su calendario
appointments-held = Reservada hasta el { $until }
appointments-pay = Pagar { $amount } ahora

## What a list and a page say about an appointment

# For screen readers, after the text of a link that occurs several times: "Move: Monday, 15 January 2024 at 10:00".
appointment-about = : { $when }
appointment-line = { $service }, { $duration }
appointment-line-with = { $service } con { $therapist }, { $duration }
appointment-opens = La sala se abre el { $short_date } a las { $time }.
appointment-join = Entrar en la cita
appointment-details = Detalles
appointment-move = Cambiar
appointment-cancel = Cancelar
appointment-calendar = Archivo de calendario
appointment-state-confirmed = Confirmada
appointment-state-unpaid = Aún sin pagar
appointment-state-processing = Pago en curso
appointment-state-over = Terminada
appointment-state-completed = Realizada
appointment-state-missed = Perdida
appointment-state-cancelled = Cancelada
appointment-state-expired = No pagada a tiempo
appointment-refund-pending = Devolución de { $amount } en curso desde el { $date }
appointment-refund-done = Devolución de { $amount } realizada el { $date }
appointment-refund-failed = La devolución de { $amount } todavía no se ha podido realizar. La consulta se ocupa de ello.

## One appointment

appointment-heading = Cita del { $short_date } a las { $time }
appointment-when = Cuándo
appointment-service = Servicio
appointment-therapist = Con
appointment-price = Precio
appointment-cancelled-at = Cancelada
appointment-by-you = Por usted
appointment-by-practice = Por la consulta
appointment-reason = Motivo
appointment-refund = Devolución
appointment-your-note = Su nota
appointment-number = Número de reserva
appointments-all = Todas las citas
appointment-due = Pague { $amount } antes del { $until }.
appointment-due-sentence = Le hemos reservado esta hora. La cita quedará confirmada en cuanto haya pagado.
appointment-due-ask = Si no sabe cómo pagar, póngase en contacto con la consulta.
appointment-move-until = Puede cambiar esta cita hasta el { $until }.
appointment-free-until = Si cancela antes del { $until }, le devolvemos todo lo que ha pagado.
appointment-free-over = La cancelación gratuita era posible hasta el { $until }.
appointment-note-booked = Su cita del { $when } está confirmada. Le hemos enviado un correo con todo lo que necesita.
appointment-note-held = Le hemos reservado esta hora: { $when }. Pague y la cita quedará confirmada.
appointment-note-paid = Gracias, hemos recibido su pago. Su cita del { $when } está confirmada.
appointment-note-moved = Su cita es ahora el { $when }. Todas las personas que participan reciben un correo.
appointment-note-cancelled = La cita del { $when } está cancelada. Le hemos enviado un correo al respecto.
appointment-changed = La cita ha cambiado entretanto. No se ha hecho nada. Compruébela y vuelva a intentarlo.
appointment-ask = Si necesita ayuda, póngase en contacto con la consulta.
appointment-ask-below = Si necesita ayuda, póngase en contacto con la consulta. Sus datos de contacto están al final de esta página.
appointment-back = Volver a la cita

## Cancelling

cancel-heading = Cancelar la cita
cancel-full = Le devolvemos { $refund }, el importe íntegro.
cancel-full-because = La cancelación gratuita es posible hasta el { $free_until }.
cancel-part = Le devolvemos { $refund }, y la consulta se queda con { $kept }.
cancel-part-because = La cancelación gratuita era posible hasta el { $free_until }.
cancel-nothing = No se devuelve nada, porque la cancelación gratuita era posible hasta el { $free_until }.
cancel-nothing-because = La consulta se queda con el importe de { $kept } que ha pagado.
cancel-no-money = No ha pagado nada, y si cancela no paga nada.
cancel-refund-way = El dinero vuelve por el mismo medio de pago, normalmente en un plazo de 5 a 10 días.
cancel-refund-by-hand = La consulta se encarga de devolverle el dinero.
cancel-reason = Motivo (opcional)
cancel-reason-hint = Solo la consulta puede leerlo.
cancel-reason-invalid = Utilice como máximo 500 caracteres.
cancel-button = Cancelar la cita
cancel-button-refund = Cancelar la cita, con devolución de { $refund }
cancel-button-nothing = Cancelar la cita, sin devolución
cancel-keep = Mantener la cita
cancel-instead = ¿Le viene mejor otro día?
cancel-instead-sentence = Cambiar la cita no cuesta nada, y lo que ha pagado sigue siendo válido.
cancel-quote-changed = Lo que se le devuelve ha cambiado entretanto. No se ha cancelado nada. Compruebe el nuevo importe.
cancel-closed = No puede cancelar esta cita
cancel-closed-cancelled = Ya está cancelada.
cancel-closed-expired = No se pagó a tiempo, así que ya no la tiene reservada. No hace falta que la cancele.
cancel-closed-processing = Su pago se está procesando. Vuelva a intentarlo cuando haya llegado.
cancel-closed-begun = Empezó el { $when }, y se podía cancelar hasta entonces.
cancel-closed-over = Fue el { $when }, y ha terminado.

## Moving

move-heading = Cambiar la cita
move-choose = Elija otra hora
move-confirm = ¿Cambiar a esta hora?
move-at-present = Ahora
move-was = Antes
move-now = Ahora
move-costs = Coste
move-costs-nothing = Ninguno. Lo que ha pagado sigue siendo válido.
move-button = Cambiar al { $when }
move-keep = Mantener la hora actual
move-other = Elegir otra hora
move-present = actual
# For screen readers, before the time of a button: "Monday, 15 January 2024, UTC+01:00, 10:00".
move-about = { $date }, { $offset },
move-earlier-days = Días anteriores
move-later-days = Días siguientes
move-next-free = No hay ninguna hora libre en estos días. La próxima es el { $next }.
move-none-free = No hay ninguna hora libre a partir de este día.
move-taken = Esta hora ya no está libre. No ha cambiado nada. Elija otra.
move-closed = No puede cambiar esta cita
move-closed-since = Se podía cambiar hasta el { $until }.
move-closed-unpaid = Todavía no está confirmada. Una vez pagada, podrá cambiarla.
move-closed-over = Ha terminado o se ha cancelado.

payment-receipt = Recibo
payment-receipt-client = Recibo para
payment-receipt-paid = Pagado
payment-receipt-keep = Para conservar el recibo, imprima esta página o guárdela como PDF.
payment-receipt-back = Volver a la cita
