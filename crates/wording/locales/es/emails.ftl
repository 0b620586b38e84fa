### Emails. Each kind has a subject, a heading, an opening above the appointment, and paragraphs below it.

greeting = Hola, { $name }:
greeting-without-name = Hola:
closing = Un cordial saludo
colon = :
join-label = Entrar en la cita
pay-label = Ver y pagar
pay-practice = Si no sabe cómo pagar, póngase en contacto con la consulta.
phone = Teléfono { $phone }
imprint = Aviso legal
privacy = Privacidad

# The link is personal in every email that has one.
keep-email = El enlace es personal. Por favor, no lo comparta. El evento de calendario adjunto no lo contiene, así que conserve este correo.

meeting-info =
    .subject = Su cita del { $short_date }, { $time } ({ $offset })
    .heading = Su cita está confirmada
    .opening = Le esperamos:
    .after = { keep-email }

reminder =
    .subject = Recordatorio: su cita del { $short_date }, { $time } ({ $offset })
    .heading = Su cita empieza pronto
    .opening = Su cita empieza { $starts_in }:
    .after = { keep-email }

invitation =
    .subject = Invitación: cita del { $short_date }, { $time } ({ $offset })
    .heading = Una invitación a una cita
    .opening = Le invitamos a esta cita ({ $practice }):
    .after = No necesita una cuenta. { keep-email }

rescheduled =
    .subject = Nuevo horario: su cita del { $short_date }, { $time } ({ $offset })
    .heading = Su cita tiene un nuevo horario
    .opening = Su cita ha cambiado de horario. El nuevo horario es:
    .was = Antes: { $was }
    .after = El enlace es personal. Por favor, no lo comparta. El evento de calendario adjunto contiene el nuevo horario, pero no el enlace, así que conserve este correo.

# The session was moved, and moved back before its reader was told.
moved-back =
    .subject = Sin cambios: su cita del { $short_date }, { $time } ({ $offset })
    .heading = Su cita se mantiene como estaba
    .opening = Su cita se cambió de horario y después volvió al de antes. Tiene lugar a la hora que ya conoce:
    .after = { keep-email }

cancelled =
    .subject = Cancelada: su cita del { $short_date }, { $time } ({ $offset })
    .heading = Su cita está cancelada
    .opening = Esta cita se ha cancelado:
    .opening-by-recipient = Ha cancelado esta cita:
    .opening-by-practice = Hemos cancelado esta cita:
    .reason = Nuestro motivo: { $reason }
    .refund = Le devolveremos íntegramente su pago de { $refund }, normalmente en un plazo de 5 a 10 días.
    .refund-by-hand = Le devolveremos íntegramente su pago de { $refund }; nos encargaremos de ello personalmente.
    .part = De su pago le devolveremos { $refund }, normalmente en un plazo de 5 a 10 días; nos quedamos con { $kept }, porque la cancelación gratuita era posible hasta el { $free_until }.
    .part-by-hand = De su pago le devolveremos { $refund }, y nos encargaremos de ello personalmente; nos quedamos con { $kept }, porque la cancelación gratuita era posible hasta el { $free_until }.
    .kept = Nos quedamos con su pago de { $kept }, porque la cancelación gratuita era posible hasta el { $free_until }.
    .book-again = Si desea otra cita, vuelva a reservar.
    .book-again-at = Si desea otra cita, puede reservarla en { $website }.
    .book-again-contact = Si desea otra cita, póngase en contacto con nosotros. Nuestros datos de contacto están al final de este correo.
    .after = El evento de calendario adjunto está marcado como cancelado. Compruebe que la cita ha desaparecido de su calendario.

reassigned =
    .subject = Cambio: su cita del { $short_date }, { $time } ({ $offset })
    .heading = Otra persona del equipo se encarga de su cita
    .opening = { $therapist } se encarga de su cita. Todo lo demás sigue igual:
    .opening-without-name = Otra persona del equipo se encarga de su cita. Todo lo demás sigue igual:
    .after = { keep-email }

updated =
    .subject = Cambio: su cita del { $short_date }, { $time } ({ $offset })
    .heading = La duración de su cita ha cambiado
    .opening = Su cita dura ahora { $duration }:
    .after = El enlace es personal. Por favor, no lo comparta. El evento de calendario adjunto contiene la nueva duración, pero no el enlace, así que conserve este correo.

meeting-link =
    .subject = Su enlace para la cita del { $short_date }, { $time } ({ $offset })
    .heading = Su enlace
    .opening = Aquí tiene de nuevo su enlace para esta cita:
    .after = Es posible que los enlaces de correos anteriores ya no funcionen; utilice este. { keep-email }

receipt =
    .subject = Pago recibido: cita del { $short_date }, { $time } ({ $offset })
    .heading = Gracias por su pago
    .opening = Hemos recibido su pago de { $amount } el { $received_at }. Corresponde a la reserva número { $booking }:
    .after = Este correo es su recibo, así que consérvelo. No es una factura fiscal.
    .after-part = Importe pendiente: { $left }, antes del { $pay_until }. Hasta entonces le guardamos esta hora. Este correo es su recibo, así que consérvelo. No es una factura fiscal.

payment-failed =
    .subject = Pago no realizado: cita del { $short_date }, { $time } ({ $offset })
    .heading = Su pago no se ha realizado
    .opening = Su pago de { $amount } por esta cita no se ha realizado, y no se le ha cobrado nada:
    .after = Sin el pago no hemos podido guardarle esta hora. Si todavía desea una cita, vuelva a reservar.
    .after-while-held = Le guardamos esta hora hasta el { $retry_until }. Hasta entonces puede volver a pagar desde sus reservas.

payment-will-be-refunded =
    .subject = Devolución prevista: cita del { $short_date }, { $time } ({ $offset })
    .heading = Le devolveremos su pago
    .opening = Su pago de { $amount } llegó demasiado tarde para esta cita, o la cita ya estaba pagada:
    .after = Le devolveremos automáticamente el importe íntegro, normalmente en un plazo de 5 a 10 días. No tiene que hacer nada. En sus reservas puede ver si la cita está confirmada.

refund =
    .subject = Su devolución: cita del { $short_date }, { $time } ({ $offset })
    .heading = Su devolución está en camino
    .opening = Le hemos devuelto { $amount } el { $refunded_at }. Esta devolución corresponde a la reserva número { $booking }:
    .after = Su banco puede tardar unos días en mostrarla.

payment-instructions =
    .subject = Cómo pagar: su cita del { $short_date }, { $time } ({ $offset })
    .heading = Por favor, pague su cita
    .opening = Pague { $amount } antes del { $pay_until }, con la referencia { $booking }. Hasta entonces le guardamos esta hora:
    .after = En cuanto hayamos recibido su pago, su cita quedará confirmada y recibirá un correo con todo lo que necesita.

payment-request =
    .subject = Pago pendiente: su cita del { $short_date }, { $time } ({ $offset })
    .heading = Por favor, pague su cita
    .opening = Le hemos reservado esta hora. Pague { $amount } antes del { $pay_until }:
    .after = En cuanto haya pagado, su cita quedará confirmada y recibirá un correo con todo lo que necesita. Si no desea la cita, no tiene que hacer nada. El número de su reserva es { $booking }.

payment-reminder =
    .subject = Aún sin pagar: su cita del { $short_date }, { $time } ({ $offset })
    .heading = Su cita aún no está pagada
    .opening = Le guardamos esta hora hasta el { $pay_until }. Pague { $amount } antes de esa fecha:
    .after = Si no desea la cita, no tiene que hacer nada. El número de su reserva es { $booking }.

hold-expired =
    .subject = No reservada: cita del { $short_date }, { $time } ({ $offset })
    .heading = Ya no le guardamos esta hora
    .opening = No hemos recibido a tiempo su pago de { $amount }, así que esta cita no está reservada:
    .after = Si todavía desea una cita, vuelva a reservar. Si ya ha pagado, póngase en contacto con la consulta e indique el número de reserva { $booking }.
    .after-part = Le devolveremos el importe de { $received } que hemos recibido. Si todavía desea una cita, vuelva a reservar. ¿Tiene preguntas? Indique el número de reserva { $booking }.

cancelled-unpaid =
    .subject = Cancelada: su cita del { $short_date }, { $time } ({ $offset })
    .heading = Su cita está cancelada
    .opening = Esta cita se ha cancelado:
    .opening-by-recipient = Ha cancelado esta cita:
    .opening-by-practice = Hemos cancelado esta cita:
    .after-part = Ya no tiene que pagarla. Le devolveremos el importe de { $received } que hemos recibido. ¿Tiene preguntas? Indique el número de reserva { $booking }.
    .after = Ya no tiene que pagarla. Si ya ha pagado, póngase en contacto con la consulta e indique el número de reserva { $booking }.

### About several appointments of a series, which are listed below the opening.

meeting-info-series =
    .subject = Sus { $count } citas a partir del { $short_date }
    .heading = Sus { $count } citas están confirmadas
    .opening = Le esperamos:
    .after = Cada enlace es personal. Por favor, no los comparta. El archivo de calendario adjunto contiene las { $count } citas, pero no los enlaces, así que conserve este correo.

rescheduled-series =
    .subject = Nuevos horarios: sus { $count } citas a partir del { $short_date }
    .heading = Sus { $count } citas tienen nuevos horarios
    .opening = Estas citas han cambiado de horario. Los nuevos horarios son:
    .after = Cada enlace es personal. Por favor, no los comparta. El archivo de calendario adjunto contiene los nuevos horarios, pero no los enlaces, así que conserve este correo.

cancelled-series =
    .subject = Canceladas: sus { $count } citas a partir del { $short_date }
    .heading = Sus { $count } citas están canceladas
    .opening = Estas citas se han cancelado:
    .opening-by-recipient = Ha cancelado estas citas:
    .opening-by-practice = Hemos cancelado estas citas:
    .after = Compruebe que las citas han desaparecido de su calendario.

receipt-series =
    .subject = Pagos recibidos: { $count } citas a partir del { $short_date }
    .heading = Gracias por sus pagos
    .opening = Hemos recibido de usted { $total } por { $count } citas:
    .after = Este correo es su recibo, así que consérvelo. No es una factura fiscal.

payment-instructions-series =
    .subject = Cómo pagar: sus { $count } citas a partir del { $short_date }
    .heading = Por favor, pague sus citas
    .opening = Pague estas { $count } citas, { $total } en total. Le guardamos cada hora hasta que venza el plazo de su pago:
    .after = En cuanto hayamos recibido el pago de una cita, quedará confirmada y recibirá un correo con todo lo que necesita.

payment-request-series =
    .subject = Pagos pendientes: sus { $count } citas a partir del { $short_date }
    .heading = Por favor, pague sus citas
    .opening = Le hemos reservado estas { $count } horas. Pague cada una a tiempo, { $total } en total:
    .after = En cuanto haya pagado una cita, quedará confirmada y recibirá un correo con todo lo que necesita. Si no desea alguna de ellas, no tiene que hacer nada.

payment-reminder-series =
    .subject = Aún sin pagar: sus { $count } citas a partir del { $short_date }
    .heading = Estas citas aún no están pagadas
    .opening = Le guardamos estas { $count } horas. Pague cada una a tiempo, { $total } en total:
    .after = Si no desea alguna de las citas, no tiene que hacer nada.

hold-expired-series =
    .subject = No reservadas: { $count } citas a partir del { $short_date }
    .heading = Ya no le guardamos estas horas
    .opening = No hemos recibido su pago a tiempo, así que estas citas no están reservadas:
    .after = Si todavía desea una cita, vuelva a reservar. Si ya ha pagado, póngase en contacto con la consulta e indique el número de reserva.

series-payment =
    .received = Pago de { $amount } recibido el { $received_at }, reserva número { $booking }
    .due = Importe de { $amount } por pagar antes del { $pay_until }, reserva número { $booking }
    .not-received = Pago de { $amount } no recibido, reserva número { $booking }
    .no-longer-due = Ya no tiene que pagarla. Reserva número { $booking }
    .returned = Le devolveremos el importe de { $received } que hemos recibido.

### To therapists. Subjects are as neutral as a client's; the text names the client.

client = Cliente: { $client }
client-without-name = sin nombre

therapist-booked =
    .subject = Reservada: cita del { $short_date }, { $time } ({ $offset })
    .heading = Una nueva cita
    .opening = Esta cita se ha reservado en su calendario:
    .after = El enlace es solo para usted. Por favor, no lo comparta.

therapist-booked-series =
    .subject = Reservadas: { $count } citas a partir del { $short_date }
    .heading = { $count } nuevas citas
    .opening = Estas citas se han reservado en su calendario:
    .after = Los enlaces son solo para usted. Por favor, no los comparta.

therapist-rescheduled =
    .subject = Nuevo horario: cita del { $short_date }, { $time } ({ $offset })
    .heading = Una cita tiene un nuevo horario
    .opening = Esta cita de su calendario ha cambiado de horario. Ahora tiene lugar a esta hora:
    .after = El enlace es solo para usted. Por favor, no lo comparta. El evento de calendario adjunto contiene el nuevo horario.

therapist-rescheduled-series =
    .subject = Nuevos horarios: { $count } citas a partir del { $short_date }
    .heading = { $count } citas tienen nuevos horarios
    .opening = Estas citas de su calendario han cambiado de horario. Los nuevos horarios son:
    .after = Los enlaces son solo para usted. Por favor, no los comparta. El archivo de calendario adjunto contiene los nuevos horarios.

therapist-cancelled =
    .subject = Cancelada: cita del { $short_date }, { $time } ({ $offset })
    .heading = Se ha cancelado una cita
    .opening = Su cliente ha cancelado esta cita de su calendario:
    .opening-by-recipient = Ha cancelado esta cita de su calendario:
    .opening-by-practice = La consulta ha cancelado esta cita de su calendario:
    .after = La hora vuelve a estar libre. El evento de calendario adjunto está marcado como cancelado. Compruebe que la cita ha desaparecido de su calendario.

therapist-reassigned =
    .subject = Traspasada: cita del { $short_date }, { $time } ({ $offset })
    .heading = Se ha traspasado una cita
    .opening = { $therapist } se encarga de esta cita, que estaba en su calendario:
    .opening-without-name = Otra persona del equipo se encarga de esta cita, que estaba en su calendario:
    .after = La hora vuelve a estar libre. El evento de calendario adjunto está marcado como cancelado. Compruebe que la cita ha desaparecido de su calendario.

therapist-updated =
    .subject = Cambio: cita del { $short_date }, { $time } ({ $offset })
    .heading = La duración de una cita ha cambiado
    .opening = Esta cita de su calendario dura ahora { $duration }:
    .after = El enlace es solo para usted. Por favor, no lo comparta. El evento de calendario adjunto contiene la nueva duración.

therapist-cancelled-series =
    .subject = Canceladas: { $count } citas a partir del { $short_date }
    .heading = Se han cancelado { $count } citas
    .opening = Su cliente ha cancelado estas citas de su calendario:
    .opening-by-recipient = Ha cancelado estas citas de su calendario:
    .opening-by-practice = La consulta ha cancelado estas citas de su calendario:
    .after = Las horas vuelven a estar libres. Compruebe que las citas han desaparecido de su calendario.

therapist-payment =
    .subject = Pago recibido: cita del { $short_date }, { $time } ({ $offset })
    .heading = Se ha recibido un pago
    .opening = Se ha recibido un pago de { $amount } el { $received_at }. Corresponde a la reserva número { $booking }:
    .after = Su cliente recibe un justificante.

therapist-payment-series =
    .subject = Pagos recibidos: { $count } citas a partir del { $short_date }
    .heading = Se han recibido { $count } pagos
    .opening = Hemos recibido { $total } en total por estas citas:
    .after = Su cliente recibe un justificante.

therapist-payment-review =
    .subject = Pago por revisar: cita del { $short_date }, { $time } ({ $offset })
    .heading = Hay que revisar un pago
    .opening = Algo en el pago de esta cita no coincide con lo que se debe, o una devolución ha fallado:
    .after = La lista de problemas de pago de la consulta indica de qué se trata. A su cliente no se le informa hasta que alguien lo haya revisado.

agenda =
    .subject = Sus citas del { $date }
    .heading = Sus citas del { $date }
    .opening = Estas son sus citas del día:
    .after = Los enlaces son solo para usted. Por favor, no los comparta. Lo que se haya reservado o cambiado después del envío de este correo no figura en él.

### To the owners of accounts. Someone else may have caused the email, so each one says what to do then.

# Below the button.
works-once = El enlace funciona una sola vez, hasta el { $expires }.

# Below a link of a client who chose a time before.
chosen-slot = El enlace le lleva de vuelta a la cita que ha elegido: { $start }. No se le reserva hasta que la reserve usted.

# Below what someone else could have done with the account.
if-not-you = Si ha sido usted, no tiene que hacer nada. Si no, establezca cuanto antes una nueva contraseña y póngase en contacto con la consulta.

password-reset =
    .subject = Establecer una nueva contraseña
    .heading = Establecer una nueva contraseña
    .opening = Con este enlace puede establecer una nueva contraseña para su cuenta:
    .button = Establecer una nueva contraseña
    .after = Si no lo ha solicitado, puede ignorar este correo. Su contraseña no cambia.

login-link =
    .subject = Su enlace para iniciar sesión
    .heading = Iniciar sesión sin contraseña
    .opening = Con este enlace puede iniciar sesión en su cuenta sin contraseña:
    .button = Iniciar sesión
    .after = El enlace es personal. Por favor, no lo comparta. Si no lo ha solicitado, puede ignorar este correo.

email-verification =
    .subject = Confirme su dirección de correo
    .heading = Confirme su dirección de correo
    .opening = Se ha creado una cuenta con esta dirección de correo ({ $practice }). Con este enlace confirma que la dirección es suya:
    .button = Confirmar esta dirección
    .after = Si no lo ha solicitado, puede ignorar este correo.

email-confirmation =
    .subject = Confirme su nueva dirección de correo
    .heading = Confirme su nueva dirección de correo
    .opening = Se ha indicado esta dirección de correo para una cuenta ({ $practice }). Con este enlace confirma que es suya:
    .button = Usar esta dirección
    .after = Hasta entonces, la cuenta conserva su dirección actual. Si no lo ha solicitado, puede ignorar este correo.

# To the former address.
email-changed =
    .subject = Se ha cambiado la dirección de correo de su cuenta
    .heading = Se ha cambiado su dirección de correo
    .opening = Su cuenta ({ $practice }) ya no usa la dirección a la que hemos enviado este correo. Ahora usa esta:
    .button = Deshacer este cambio
    .after = Si ha sido usted, no tiene que hacer nada. Si no, deshaga el cambio: su cuenta recupera esta dirección, se cierra la sesión de todas las personas que la usan y se le pide que establezca una nueva contraseña.

account-invitation =
    .subject = Su cuenta: establezca una contraseña
    .heading = Tiene una cuenta
    .opening = Hemos creado una cuenta para usted ({ $practice }). Con este enlace puede establecer su contraseña:
    .button = Establecer una contraseña
    .after = Si no desea usar la cuenta, puede ignorar este correo. En cualquier caso, le enviaremos correos sobre sus citas.

registration-attempt =
    .subject = Ya tiene una cuenta
    .heading = Ya tiene una cuenta
    .opening = Alguien, quizá usted, ha intentado registrarse con esta dirección de correo ({ $practice }). Ya tiene una cuenta con ella, así que no se ha creado otra.
    .after = Si ha sido usted, inicie sesión o solicite un enlace para establecer una nueva contraseña. Si no, no tiene que hacer nada.

password-changed =
    .subject = Se ha cambiado su contraseña
    .heading = Se ha cambiado su contraseña
    .opening = La contraseña de su cuenta se cambió el { $when }.
    .after = { if-not-you }

second-factor-added =
    .subject = Se ha configurado un segundo factor
    .heading = Se ha configurado un segundo factor
    .opening = El { $when } se configuró una aplicación de autenticación para su cuenta. A partir de ahora, al iniciar sesión necesita también un código de esta aplicación.
    .after = { if-not-you }

second-factor-removed =
    .subject = Se ha eliminado el segundo factor
    .heading = Se ha eliminado el segundo factor
    .opening = El { $when } se eliminó la aplicación de autenticación de su cuenta. A partir de ahora inicia sesión sin código.
    .after = { if-not-you }

role-changed =
    .subject = Los permisos de su cuenta han cambiado
    .heading = Los permisos de su cuenta han cambiado
    .opening = Su cuenta ya no tiene permisos de administración.
    .opening-admin = Su cuenta tiene ahora permisos de administración y puede ver y cambiar todo en la consulta.
    .after = Si no lo esperaba, póngase en contacto con la consulta.

account-disabled =
    .subject = Se ha desactivado su cuenta
    .heading = Se ha desactivado su cuenta
    .opening = Su cuenta se desactivó el { $when }.
    .after = A partir de ahora no puede iniciar sesión, los enlaces de nuestros correos ya no funcionan y no recibirá más correos. Si no lo esperaba, póngase en contacto con la consulta.

new-login =
    .subject = Nuevo inicio de sesión en su cuenta
    .heading = Un nuevo inicio de sesión en su cuenta
    .opening = Se ha iniciado sesión en su cuenta desde un dispositivo y una red que no ha usado últimamente:
    .program = Programa: { $program }
    .after = { if-not-you }

payment-status =
    .not_required = sin pago pendiente
    .pending = aún sin pagar
    .processing = pago en curso
    .succeeded = pagado
    .failed = pago no realizado
    .cancelled = no pagado
    .refund_pending = devolución en curso
    .partially_refunded = devuelto en parte
    .refunded = devuelto
