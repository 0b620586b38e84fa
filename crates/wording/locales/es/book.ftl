### Booking an appointment

book-button-front = Reservar una cita

## The three steps

book-steps = Pasos
book-step-time = Elegir una hora
book-step-who = Sus datos
book-step-check = Comprobar y reservar
book-step-done = (hecho)

## Choosing service, therapist and time

book-time = ¿Cuándo le viene bien?
book-service = ¿Qué desea reservar?
book-service-price = { $duration }, { $price }
book-service-free = { $duration }, gratis
book-therapist = ¿Con quién?
book-therapist-unnamed = Terapeuta
book-chosen = (elegido)
book-next = Próxima hora libre
book-next-button = Elegir esta hora
book-times = Horas libres del { $first } al { $last }
book-slot = { $date }, { $time }
book-none-on = { $date }: no hay horas libres
book-none-between = Del { $first } al { $last }: no hay horas libres
book-none =
    { $count ->
        [one] No hay ninguna hora libre mañana, y no se puede reservar con más antelación. Vuelva a intentarlo más tarde o póngase en contacto con la consulta.
       *[other] No hay ninguna hora libre en los próximos { $count } días, y no se puede reservar con más antelación. Vuelva a intentarlo más tarde o póngase en contacto con la consulta.
    }
book-none-from = A partir del { $date } todavía no hay horas libres. Consulte las anteriores.
book-earlier = Horas anteriores
book-later = Horas siguientes
book-zone = Zona horaria
book-zone-shown = Todas las horas son las de { $place }
book-zone-practice = La consulta está en otra zona horaria: { $place }. Allí la fecha puede ser distinta.
book-zone-button = Mostrar las horas en esta zona
book-zone-hint = Su navegador usa otra zona horaria: { $zone }.
book-zone-hint-button = Mostrar las horas de { $zone }
book-taken = Esta hora ya no está libre.
book-taken-sentence = La hora del { $when } se ha reservado, o ya no se puede reservar aquí. No se le ha cobrado nada. Elija otra hora.
book-taken-note = Su nota se conserva.
book-closed = Todavía no hay citas
book-closed-sentence = En este momento no se pueden reservar citas aquí. Póngase en contacto con la consulta.

## Who books

book-who = ¿Quién es usted?
book-slot-heading = Su cita
book-fact-service = Servicio
book-fact-therapist = Con
book-fact-price = Precio
book-fact-price-free = Gratis
book-fact-practice = Hora de la consulta
book-other-time = Elegir otra hora
book-not-reserved = Esta hora no se reserva hasta el último paso, cuando usted la reserve.
book-new = Es mi primera vez
book-new-sentence = Díganos quién es. Le enviamos por correo un enlace que confirma su dirección y le lleva de vuelta a esta cita.
book-new-wrong = Hay algo que aún no es correcto. Su cita sigue elegida.
book-new-button = Enviarme el enlace
book-new-no-password = No necesita contraseña. Más adelante puede establecer una en su cuenta.
book-new-closed = La consulta crea las cuentas nuevas. Póngase en contacto con nosotros.
book-register = Registrarse con una contraseña
book-known = Tengo una cuenta
book-log-in = Iniciar sesión y continuar

# After the form of a new client.

book-mailed = Le hemos enviado un correo. Abra el enlace que contiene para continuar con su cita: { $when }.
book-mailed-not-reserved = No se le reserva hasta que la reserve usted.
book-mailed-again = Introducir otra dirección de correo

## The summary

book-check = ¿Está todo bien?
book-you = Sus datos
book-you-name = Nombre
book-you-email = Correo
book-terms = Si cambian sus planes
book-move = Cambiar
book-move-until = Hasta el { $when }, gratis y tantas veces como necesite.
book-move-late = Esta cita empieza tan pronto que no se puede cambiar aquí. Póngase en contacto con la consulta.
book-cancel = Cancelar
book-cancel-free = Hasta que empiece, gratis.
book-cancel-free-until = Hasta el { $when }, gratis.
book-cancel-full = Hasta que empiece: le devolvemos { $amount }, el importe íntegro.
book-cancel-part = Hasta el { $when }: le devolvemos { $amount }, el importe íntegro. Después: { $late }.
book-cancel-nothing = Hasta el { $when }: le devolvemos { $amount }, el importe íntegro. Después no se devuelve nada.
book-cancel-late-part = Esta cita empieza pronto: le devolvemos { $late } de { $amount }.
book-cancel-late-nothing = Esta cita empieza pronto, así que no se devuelve nada.
book-grace = ¿Ha reservado por error?
book-grace-sentence = Justo después de reservar ({ $minutes }), cancelar es siempre gratis.
book-note = Nota (opcional)
book-note-hint = Para su terapeuta. Como máximo { $max } caracteres.
book-note-too-long = Acorte la nota a { $max } caracteres.
book-button = Reservar
book-button-pay = Reservar con obligación de pago y pagar { $amount }
book-button-price = Reservar con obligación de pago: { $amount }
book-pay-online = El pago se hace en la página de nuestro proveedor de pagos. Esta hora queda reservada durante { $minutes }, y confirmada en cuanto llegue su pago.
book-pay-offline = Esta hora queda reservada hasta el { $until }, y confirmada en cuanto llegue su pago. En la página siguiente y por correo le indicamos cómo pagar.

## After the address of a new account is verified

book-verified-free = Continuar con esta cita
book-verified-taken = Elegir otra hora
