### The pages of therapists about the practice, and what their forms have in common.

saved = Guardado.
save = Guardar
show = Mostrar
search = Buscar
remove = Eliminar
page-before = Página anterior
page-after = Página siguiente
yes = sí
no = no
form-errors = No se ha guardado nada. Compruebe lo que está señalado abajo.

## Fields

field-date = Fecha
field-time = Hora
field-first-date = Primer día
field-last-date = Último día
field-last-date-hint = Si lo deja vacío, solo el primer día.
field-from = Desde
field-to = Hasta
field-date-invalid = Elija una fecha.
field-time-invalid = Introduzca una hora como 9:30.
field-number-invalid = Introduzca un número que sea posible aquí.
field-too-long = Está vacío o es demasiado largo.
field-phone-invalid = Introduzca un número de teléfono como +49 30 23125 456.
field-url-invalid = Introduzca una dirección que empiece por https://.
field-color-invalid = Introduzca un color como #14532d.
field-service = Servicio
field-therapist = Terapeuta
field-price = Precio
field-amount = Importe
field-method = Forma de pago
field-reference = Referencia, por ejemplo un número de recibo
field-payment = Pago
field-reason = Motivo
field-reason-for-client = Motivo, que el cliente recibe por correo (opcional)
field-override = No tener en cuenta el horario de trabajo ni las reglas
field-name = Nombre
field-role = Función
field-language = Idioma de los correos
field-language-unknown = El de la consulta
field-zone = Zona horaria
field-zone-hint = Por ejemplo Europe/Madrid. Si la deja vacía, es la de la consulta.
field-count = Número de citas
field-count-hint = 1 para una sola, más para una serie.
field-every = Intervalo en semanas
method-cash = Efectivo
method-bank-transfer = Transferencia
method-card = Tarjeta

## Why something was not done

refused-email-taken = Ya existe una cuenta con esta dirección de correo.
refused-slot-taken = Esta hora está ocupada. No se ha cambiado nada.
refused-already-paid = No hay nada que pagar por esta cita.
refused-hold-expired = El plazo de pago ha terminado, y la hora ha quedado libre.
refused-payment-processing = Se está procesando un pago. Vuelva a intentarlo cuando haya llegado.
refused-refund-in-progress = Hay otra devolución de este pago en curso. Espere a que termine.
refused-nothing-to-refund = No queda nada por devolver.
refused-invalid-state = No es posible en el estado actual. Compruébelo.
refused-already-invited = Ya participa alguien con esta dirección de correo.
refused-too-many-participants = No se puede invitar a más personas.
refused-window-closed = Es demasiado pronto o demasiado tarde para esto.
refused-version-conflict = Otra persona ha cambiado esto entretanto. No se ha guardado nada. Abajo está lo que usted ha escrito; lo que ha cambiado se indica al lado.
refused-quote-changed = La devolución ha cambiado entretanto. No se ha cancelado nada. Compruebe el nuevo importe.
refused-daily-limit = Se ha alcanzado el límite de citas de este día.
refused-series-conflict = Algunas de las horas no están libres. No se ha cambiado nada.
refused-practice-not-configured = La consulta todavía no tiene ningún servicio.
refused-invitation-accepted = Esta cuenta está en uso o desactivada, así que no se puede invitar.
refused-last-admin = La consulta necesita al menos un terapeuta. No se ha cambiado nada.
refused-step-up = Introduzca su propia contraseña.
refused-image = Elija una imagen PNG, JPEG o WebP de como máximo 200 KB.
refused-notice = La cita empezaría demasiado pronto: sus reglas exigen más antelación.
refused-outside-hours = Está fuera del horario de trabajo.
refused-in-the-past = Esta hora ya ha pasado.
refused-nonexistent-time = Esta hora no existe ese día, porque se adelantan los relojes.
refused-horizon = No se puede reservar con tanta antelación.
refused-length = Una cita dura de 1 minuto a 12 horas.
refused-unknown-client = Esta persona no existe, o no se puede reservar para ella.
refused-unknown-service = Este servicio no existe.
refused-unknown-therapist = Este terapeuta no existe.
refused-range = Terminaría antes de empezar, o es demasiado largo.
refused-overlapping-hours = Dos franjas de un mismo día se superponen.
refused-too-many-hours = Una semana tiene como máximo 42 franjas.
refused-amount = Introduzca un importe como 80,00 que corresponda a lo que se debe.
refused-refund-too-large = Es más de lo que queda del pago.
refused-provider = El proveedor de pagos no responde. Vuelva a intentarlo en breve.
refused-out-of-range = Hay algo fuera de lo posible. No se ha guardado nada.
refused-sent-twice = Este formulario ya se envió con otro contenido. Compruebe lo que se ha guardado.
changed-to = Ahora: { $value }

## Working hours

hours-title = Horario de trabajo y ausencias
hours-week = La semana
hours-day-hint = Por ejemplo 9:00-12:00, 13:00-17:30. Deje vacío un día libre.
hours-day-invalid = Introduzca horas como 9:00-12:00, 13:00-17:30.
hours-exceptions = Ausencias y horas adicionales
hours-no-exceptions = No hay ninguna.
hours-add = Añadir una ausencia u horas adicionales
hours-add-button = Añadir
hours-kind-label = ¿De qué se trata?
hours-kind =
    .dates = Ausencia de días enteros
    .period = Ausencia de una parte del día
    .extra = Horas adicionales
hours-time-hint = Solo para una parte del día y para horas adicionales.
hours-note = Nombre, por ejemplo Vacaciones
hours-note-hint = Solo la consulta puede leerlo.
hours-closed-day = Ausencia el { $day }
hours-closed-days = Ausencia del { $from } al { $to }
hours-closed-period = Ausencia del { $from } al { $to }
hours-extra = Abierto el { $day }, { $hours }
hours-in-the-way = Todavía no se ha guardado nada. Estas citas lo impiden; si guarda, se quedan como están.
hours-confirm = Guardar de todos modos
hours-count =
    { $count ->
        [one] 1{ "\u00A0" }hora
       *[other] { $count }{ "\u00A0" }horas
    }

## Why is this time not offered?

why-title = ¿Por qué no se ofrece esta hora?
why-button = Explicar
why-offered = Esta hora se ofrece.
why-all = Todo lo que hemos comprobado
why-allows = Lo permite
why-stops = Lo impide
why-future = La hora está en el futuro
why-notice = Antelación: al menos { $notice } antes
why-horizon =
    { $days ->
        [one] Como máximo con 1{ "\u00A0" }día de antelación
       *[other] Como máximo con { $days }{ "\u00A0" }días de antelación
    }
why-hours = Horario de trabajo de ese día: { $hours }
why-no-hours = Sin horario de trabajo ese día
why-closed = Fuera del horario de trabajo: { $exceptions }
why-grid = Las citas empiezan cada { $step }
why-daily-limit =
    { $limit ->
        [one] Como máximo 1{ "\u00A0" }cita al día
       *[other] Como máximo { $limit }{ "\u00A0" }citas al día
    }
why-no-daily-limit = Sin límite de citas al día
why-no-conflicts = Ninguna otra cita
why-conflicts = Otra cita lo impide: { $bookings }
why-conflict = { $client }, de { $from } a { $to }
why-conflict-with-buffer = { $client }, de { $from } a { $to }, y la pausa hasta las { $until }
why-open-conflict = Ver la cita de { $client }
why-book = Reservar esta hora
why-book-anyway = Reservar de todos modos
why-change-hours = Cambiar el horario de trabajo
why-change-policy = Cambiar las reglas

## Services

services-title = Servicios
services-none = Todavía no hay servicios.
service-inactive = No se ofrece
service-add = Añadir un servicio
service-add-button = Añadir
service-sentence = Las citas ya reservadas mantienen su duración y su precio.
service-name = Nombre
service-name-hint = Aparece en correos y calendarios, así que no debería revelar que alguien está en terapia.
service-name-invalid = Introduzca de 1 a 100 caracteres.
service-description = Descripción
service-minutes = Duración en minutos
service-buffer = Pausa posterior en minutos
service-buffer-hint = Durante ella, el calendario queda cerrado.
service-active = Los clientes pueden reservarlo
service-currency = Moneda
service-currency-invalid = Introduzca una moneda como EUR.
service-name-in = Nombre, { $language }
service-description-in = Descripción, { $language }

## The rules

policy-title = Reglas para reservar y cancelar
policy-sentence = Las citas ya reservadas mantienen las condiciones con las que se reservaron.
policy-hours-hint = En horas, por ejemplo 24 o 1:30.
policy-notice = ¿Hasta cuánto antes pueden reservar los clientes?
policy-horizon = ¿Con cuántos días de antelación pueden reservar?
policy-limit = Citas al día por terapeuta
policy-limit-hint = Si lo deja vacío, no hay límite.
policy-step = ¿Cada cuántos minutos puede empezar una cita?
policy-step-hint = Estas son las horas que ven los clientes.
policy-free = ¿Hasta cuánto antes es gratis cancelar?
policy-percent = Qué se devuelve después, en porcentaje
policy-percent-hint = 0 para no devolver nada.
policy-grace = ¿Durante cuántos minutos después de reservar es gratis cancelar en todo caso?
policy-grace-hint = Para quienes han reservado por error.
policy-reschedule = ¿Hasta cuánto antes pueden los clientes cambiar una cita?
policy-auto-complete = Marcar automáticamente las citas terminadas como realizadas

## The practice

practice-hours = Cuándo pueden reservar los clientes
practice-why = La regla o la cita que lo impide
practice-services = Qué se puede reservar, cuánto dura y cuánto cuesta
practice-policy = Antelación, cancelación gratuita, límites
practice-profile = Nombre, contacto, textos legales, logotipo y color
practice-money = Ingresos, citas sin pagar, problemas
practice-emails = Qué se ha enviado, qué espera, qué no se pudo enviar
practice-team = Los terapeutas y su segundo factor
profile-title = Consulta
profile-name = Nombre de la consulta
profile-phone = Teléfono
profile-website = Sitio web
profile-color = Color de los enlaces y botones
profile-color-hint = Por ejemplo #14532d. Lo oscurecemos o aclaramos donde no se podría leer.
profile-formality = Tratamiento en alemán
formality =
    .formal = Sie (usted)
    .informal = du (tú)
profile-imprint = Aviso legal: un texto o su dirección web
profile-privacy = Política de privacidad: un texto o su dirección web
profile-offline = Cómo le pagan los clientes, si cobra los pagos por su cuenta
profile-text-in = { $text } ({ $language })
profile-logo = Logotipo
profile-logo-file = Imagen
profile-logo-hint = PNG, JPEG o WebP, como máximo 200 KB.
profile-logo-button = Usar esta imagen
profile-logo-remove = Eliminar el logotipo

## Money

money-title = Finanzas
money-problems = Pagos que requieren su atención
money-no-problems = No hay ninguno.
money-resolve = Resuelto
money-reference = Referencia del proveedor: { $reference }
money-unpaid = Próximas citas sin pagar
money-revenue = Ingresos por mes
money-month = Mes
money-received = Recibido
money-refunded = Devuelto
money-net = Total
money-none = No se ha recibido nada en este periodo.
money-export = Exportar por día (CSV)
payment-problem =
    .wrong_amount = El importe no es el que se debía
    .wrong_currency = La moneda no es la prevista
    .wrong_mode = Un pago de prueba en lugar de uno real, o al revés
    .wrong_booking = El pago indica otra cita, o ninguna
    .unknown_checkout = El proveedor no conoce esta página de pago
    .unknown_booking = Esta cita no existe
    .refund_failed = Una devolución ha fallado

## Emails

emails-title = Correos
emails-state = Estado
emails-all = Todos
emails-none = No hay correos de este tipo.
emails-send-again = Enviar de nuevo
emails-cancel = Retirar
emails-booking = Ver la cita
emails-person = Ver la persona
email-state =
    .pending = En espera
    .held = Retenido desde que se restauró una copia
    .sent = Enviado
    .skipped = Ya no es necesario
    .cancelled = Retirado
    .expired = No enviado a tiempo
    .dead = No se pudo enviar
email-kind =
    .meeting_info = Confirmación
    .reminder = Recordatorio
    .invitation = Invitación de una persona
    .rescheduled = Nuevo horario
    .cancelled = Cancelación
    .reassigned = Cambio de terapeuta
    .updated = Nueva duración
    .meeting_link = Enlace de la cita
    .receipt = Recibo
    .payment_problem = Problema de pago
    .refund = Devolución
    .payment_instructions = Cómo pagar
    .payment_request = Solicitud de pago
    .payment_reminder = Recordatorio de pago
    .hold_expired = No pagada a tiempo
    .therapist_booked = Para el terapeuta: reservada
    .therapist_rescheduled = Para el terapeuta: nuevo horario
    .therapist_cancelled = Para el terapeuta: cancelada
    .therapist_reassigned = Para el terapeuta: traspasada
    .therapist_updated = Para el terapeuta: nueva duración
    .therapist_payment = Para el terapeuta: pagada
    .therapist_payment_review = Para el terapeuta: pago por revisar
    .agenda = Citas del día
    .password_reset = Nueva contraseña
    .login_link = Enlace para iniciar sesión
    .email_verification = Confirmación de la dirección
    .email_confirmation = Confirmación de una nueva dirección
    .email_changed = Se ha cambiado la dirección
    .account_invitation = Invitación para establecer una contraseña
    .registration_attempt = La cuenta ya existe
    .password_changed = Se ha cambiado la contraseña
    .second_factor_added = Se ha configurado el segundo factor
    .second_factor_removed = Se ha eliminado el segundo factor
    .role_changed = Nuevos permisos
    .account_disabled = Se ha desactivado la cuenta
    .new_login = Inicio de sesión desde un nuevo dispositivo

## The team

team-title = Equipo
team-second-factor = Segundo factor { $state }
team-last-login = usado por última vez el { $at }
team-how-to-add = Para añadir un terapeuta, añada primero a la persona como cliente y dele después los permisos de terapeuta en su página.

## The first steps

set-up-note = Su consulta es nueva. Unos pocos pasos, y se podrá reservar.
set-up-begin = Configurar la consulta
set-up-step = Paso { $number } de { $all }. Puede omitir cada paso y hacerlo más tarde.
set-up-skip = Seguir sin esto
set-up-back = Atrás
set-up-finish = Terminar
set-up-you = ¿Quién es usted?
set-up-you-sentence = Este nombre se ve al reservar, en los correos y en la sala.
set-up-second-factor = Un segundo factor para su cuenta
set-up-second-factor-sentence = Con una aplicación de autenticación, su contraseña sola no abre el expediente de nadie.
set-up-second-factor-link = Configurar un segundo factor
set-up-hours = ¿Cuándo se puede reservar?
set-up-hours-sentence = Puede cambiarlo en cualquier momento y añadir ausencias.
set-up-service = ¿Qué se puede reservar?
set-up-service-sentence = Empiece con un servicio; pueden seguir otros.
set-up-practice = ¿Cómo se le puede contactar?
set-up-practice-sentence = Está al final de cada página y de cada correo.
set-up-video = ¿Funciona el servidor de vídeo?
set-up-video-sentence = Esto acaba de responder el servidor.
set-up-check =
    .links = Enlaces
    .video-server = Servidor de vídeo
    .clock = Reloj
    .end-meeting = Cierre de salas
set-up-check-passed = Funciona
set-up-check-doubtful = Por revisar
set-up-check-failed = No funciona
