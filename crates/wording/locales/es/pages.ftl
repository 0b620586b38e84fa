### Pages. The messages are plain texts; links and buttons have their whole text.

## The frame of every page

skip-to-content = Ir al contenido
page-title = { $title } – { $practice }
page-title-error = Error: { $title }
contact-question = ¿Tiene preguntas?
contact-call = Llamar al { $phone }
contact-write = Escribir a { $email }
for-developers = Para desarrollo: documentación de la API
not-found = Página no encontrada
not-found-sentence = Esta página no existe. Compruebe la dirección.
failed = Se ha producido un error
try-again = Volver a intentarlo
forged = Vuelva a intentarlo aquí
forged-sentence = Este formulario venía de otro sitio web, así que no se ha hecho nada.

## The page of a join link

appointment-begins = Comienzo
appointment-duration = Duración
join-early = Su cita es el { $short_date } a las { $time }
join-opens = La sala se abre el { $short_date } a las { $time }.
join-countdown = La sala se abre { $time }.
join-opens-sentence = Puede dejar esta página abierta y volver a comprobarlo entonces.
join-check-again = Volver a comprobar
join-open = La sala está abierta
join-button = Entrar en la cita
join-permissions = Su navegador pedirá acceso a la cámara y al micrófono. Permita ambos.
join-over = Esta cita ha terminado
join-over-sentence = Terminó el { $ended_at }.
join-wait = Mientras espera
join-headphones = Con auriculares, la conversación es más privada.
join-personal = Este enlace es personal. Por favor, no lo comparta.
join-help = Si no funciona
join-help-call = Llamar a la consulta: { $phone }
join-help-write = Escribir a la consulta: { $email }

join-unknown-sentence = Esta página no existe. Los programas de correo a veces parten un enlace en dos: utilice el botón del correo o copie el enlace completo.
join-cancelled = Esta cita se ha cancelado
join-cancelled-sentence = Si no lo esperaba, consulte el último correo sobre su cita o póngase en contacto con la consulta.
join-revoked = Este enlace ya no es válido
join-revoked-sentence = Busque un correo más reciente sobre su cita o vuelva a solicitar sus enlaces. Si no es suficiente, póngase en contacto con la consulta.
join-unconfirmed = Esta cita no está confirmada
join-unconfirmed-sentence = Todavía no tiene sala. Este enlace funcionará en cuanto la cita esté confirmada. Si cree que ya debería estarlo, póngase en contacto con la consulta.
join-failed-sentence = Su cita no se puede abrir en este momento. Vuelva a intentarlo en breve. Si el problema continúa, póngase en contacto con la consulta.

## The page on which a client pays for an appointment that the practice booked

pay-due = Pague su cita
pay-due-sentence = Le hemos reservado esta hora. La cita quedará confirmada en cuanto haya pagado.
pay-button = Pagar { $amount } ahora
pay-amount = Importe
pay-until = Reservada hasta
pay-booking = Número de reserva
pay-processing = Su pago se está procesando
pay-processing-sentence = No tiene que hacer nada. Recibirá un correo en cuanto su cita esté confirmada.
pay-paid = No queda nada por pagar
pay-paid-sentence = Gracias. Encontrará todo sobre su cita en los correos que le hemos enviado.
pay-expired = Esta hora ya no está reservada
pay-expired-sentence = El pago no llegó a tiempo. Si todavía desea una cita, vuelva a reservar o póngase en contacto con la consulta.
pay-cancelled-sentence = No tiene que pagarla. Si no lo esperaba, póngase en contacto con la consulta.
pay-failed-sentence = En este momento no puede pagar, y no se le ha cobrado nada. Vuelva a intentarlo en breve. Si el problema continúa, póngase en contacto con la consulta.

## Checkout

checkout-done = Gracias
checkout-done-sentence = En cuanto su pago esté confirmado, su cita quedará reservada y recibirá un correo con todo lo que necesita. Suele tardar menos de un minuto. Puede cerrar esta página.
checkout-cancelled = No pagado
checkout-cancelled-sentence = No ha pagado, y no se le ha cobrado nada. Le guardamos la hora un breve tiempo: hasta entonces puede pagar desde sus reservas.

test-checkout = Pago de prueba
test-checkout-sentence = No interviene dinero: el botón cuenta como pago.
test-checkout-paid = Pagado
test-checkout-paid-sentence = Gracias. Su cita está confirmada.
test-checkout-unknown = No encontrada
test-checkout-unknown-sentence = Esta página de pago no existe. Compruebe la dirección.
test-checkout-closed = Cerrada
test-checkout-closed-sentence = Esta página de pago está cerrada. Si su cita no está pagada, vuelva a reservar.
test-checkout-failed-sentence = Esta página de pago no se puede mostrar en este momento. Vuelva a intentarlo en breve.
test-checkout-amount = Importe
test-checkout-appointment = Cita
test-checkout-button = Pagar { $amount } ahora

## The pages behind mailed links

link-expired = Este enlace ya no es válido
link-failed-sentence = Esto no funciona en este momento. Vuelva a intentarlo en breve. Si el problema continúa, póngase en contacto con la consulta.

password = Nueva contraseña
password-hint = Al menos { $min } caracteres. Unas cuantas palabras sin relación entre sí son fáciles de recordar y difíciles de adivinar.
password-too-short = Utilice al menos { $min } caracteres.
password-too-long = Utilice como máximo 128 caracteres.
password-too-common = Esta contraseña es fácil de adivinar. Elija otra, sin su nombre ni su dirección de correo.
password-set = Su contraseña está establecida

reset = Establecer una nueva contraseña
reset-sentence = Se cerrará la sesión de su cuenta en todos los dispositivos.
reset-button = Establecer la contraseña
reset-done-sentence = Se ha cerrado la sesión en todos los dispositivos. Inicie sesión con la nueva contraseña.
reset-expired-sentence = Un enlace para establecer una contraseña funciona una sola vez, durante una hora. Solicite uno nuevo en la página de inicio de sesión.

accept-invitation = Elija una contraseña
accept-invitation-sentence = La consulta ha creado una cuenta para usted. Elija una contraseña y podrá iniciar sesión.
accept-invitation-button = Establecer la contraseña
accept-invitation-done-sentence = A partir de ahora puede iniciar sesión con esta dirección de correo y esta contraseña.
accept-invitation-expired-sentence = Si ya ha establecido una contraseña, inicie sesión con ella. Si no, pida a la consulta que vuelva a invitarle.

verify = Confirme su dirección de correo
verify-sentence = Confirme que esta dirección es suya. Después podrá iniciar sesión.
verify-button = Confirmar la dirección
verify-done = Su dirección de correo está confirmada
verify-done-sentence = Ya puede iniciar sesión.
verify-slot-free = Ha elegido esta hora: { $when }. Todavía está libre, y será suya en cuanto la reserve.
verify-slot-taken = Ha elegido esta hora: { $when }. Ya no está libre. Elija otra.
verify-expired-sentence = Si ya ha confirmado su dirección, puede iniciar sesión. Si no, solicite un nuevo enlace en la página de inicio de sesión.

confirm-email = Confirme su nueva dirección de correo
confirm-email-sentence = Esta dirección sustituye a la anterior de su cuenta: con ella inicia sesión, y a ella le escribimos.
confirm-email-button = Confirmar la dirección
confirm-email-done = Su dirección de correo ha cambiado
confirm-email-done-sentence = A partir de ahora inicia sesión con la nueva dirección, y a ella le escribimos.
confirm-email-expired-sentence = Si ya ha confirmado su nueva dirección, el cambio está hecho. Si no, inicie sesión y vuelva a cambiarla.
email-taken = Esta dirección pertenece a otra cuenta
email-taken-sentence = No se puede usar para una segunda cuenta. Elija otra dirección o póngase en contacto con la consulta.

undo-email = Recupere su anterior dirección de correo
undo-email-sentence = Si no ha cambiado la dirección de su cuenta, recupere la anterior. Esto es lo que ocurre:
undo-email-address = Su cuenta recupera la dirección a la que hemos enviado este enlace.
undo-email-logged-out = Se cierran todas las sesiones abiertas en su cuenta.
undo-email-second-factor = Se elimina el segundo factor que se haya añadido desde el cambio.
undo-email-password = La contraseña de su cuenta deja de funcionar. Recibirá un correo con un enlace para establecer una nueva.
undo-email-button = Recuperar la dirección
undo-email-done = Ha recuperado su anterior dirección de correo
undo-email-done-sentence = Se han cerrado todas las sesiones de su cuenta. Recibirá un correo con un enlace: utilícelo para establecer una nueva contraseña.
undo-email-expired-sentence = Un cambio de dirección se puede deshacer una sola vez, durante 72 horas. Si usted no la ha cambiado, póngase en contacto con la consulta.

login = Iniciar sesión
login-sentence = Con este enlace inicia sesión sin su contraseña. Funciona una sola vez.
login-code = Código de su aplicación de autenticación
login-code-hint = Seis cifras, que cambian cada 30 segundos.
login-code-missing = Introduzca el código.
login-code-wrong = Este código es incorrecto o ya se ha usado. Introduzca el que su aplicación muestra ahora.
login-button = Iniciar sesión
login-done = Ha iniciado sesión
login-done-sentence = La sesión está iniciada en este navegador. Puede cerrar esta página.
login-expired-sentence = Un enlace para iniciar sesión funciona una sola vez, durante 15 minutos. Solicite uno nuevo en la página de inicio de sesión.
too-many-codes = Demasiados códigos incorrectos
too-many-codes-sentence = Espere una hora y después solicite un nuevo enlace en la página de inicio de sesión. Si no puede esperar, póngase en contacto con la consulta.

## The front page, the imprint and the privacy statement

front = Citas con { $practice }
front-sentence = Recibirá por correo la hora de su cita y su enlace personal. Abra el enlace cuando empiece su cita.
front-lost-link = ¿No encuentra su enlace?
front-lost-link-sentence = Busque el correo más reciente sobre su cita. Si no está, póngase en contacto con la consulta y recibirá de nuevo su enlace.
front-contact = Cómo contactar con nosotros
front-phone = Teléfono
front-email = Correo
front-website = Sitio web
legal-elsewhere = Puede leer el texto en esta dirección:

## The main menu

tabs-label = Menú principal
tab-book = Reservar
tab-appointments = Sus citas
tab-account = Cuenta
tab-login = Iniciar sesión
log-out = Cerrar sesión
language-menu = Idioma:

## Logging in and registering

log-in = Iniciar sesión
field-email = Dirección de correo
field-email-invalid = Introduzca una dirección como nombre@example.org.
field-email-taken = Ya existe una cuenta con esta dirección. Inicie sesión con ella.
field-password = Contraseña
field-code = Código de su aplicación de autenticación
field-first-name = Nombre
field-last-name = Apellidos
field-name-invalid = Introduzca como máximo 100 caracteres, sin caracteres de control.
login-wrong = La dirección de correo o la contraseña es incorrecta.
login-wrong-code = El código es incorrecto, ha caducado o ya se ha usado.
login-code-needed = Introduzca también un código de su aplicación de autenticación.
login-disabled = Esta cuenta está desactivada. Póngase en contacto con la consulta.
login-not-verified = Abra el enlace del correo que le hemos enviado para confirmar su dirección.
login-too-many = Ha habido demasiados intentos. Espere o solicite por correo un enlace para iniciar sesión.
link-forgot = ¿Ha olvidado su contraseña?
link-login-link = Iniciar sesión con un enlace por correo
link-register = ¿Es su primera vez? Regístrese
link-have-account = ¿Ya tiene una cuenta? Inicie sesión
forgot = ¿Ha olvidado su contraseña?
forgot-sentence = Le enviamos un enlace con el que puede establecer una nueva.
login-link-heading = Iniciar sesión con un enlace
login-link-sentence = Le enviamos un enlace con el que inicia sesión sin contraseña.
ask-link-button = Enviar el enlace
link-mailed = Consulte su correo
link-mailed-sentence = Si existe una cuenta con esta dirección, hemos enviado un enlace a ella. Puede tardar un minuto en llegar.
register = Registrarse
register-button = Registrarse
register-mailed = Consulte su correo
register-mailed-sentence = Le hemos enviado un correo. Abra el enlace que contiene para continuar.
register-closed = El registro está cerrado
register-closed-sentence = La consulta crea las cuentas. Póngase en contacto con nosotros.
page-failed-sentence = No ha funcionado. Vuelva a intentarlo dentro de un momento.
