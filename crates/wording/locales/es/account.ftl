### The account of a client or therapist, and their second factor. The messages are plain texts.

## The account

account = Su cuenta
account-back = Volver a su cuenta
account-saved-profile = Sus cambios se han guardado.
account-saved-password = Su nueva contraseña está establecida. Se ha cerrado la sesión en todos los demás dispositivos.
account-saved-sessions = Hecho. En un dispositivo cuya sesión se ha cerrado hay que volver a iniciarla.
account-saved-second-factor = Se ha eliminado su segundo factor.

account-you = Usted
account-preferred-name = Nombre preferido
account-preferred-name-hint = Cómo le llamamos en los correos y las citas, si no es con su nombre y apellidos.
account-zone = Zona horaria
account-zone-hint = En la que le indicamos las horas, por ejemplo Europe/Madrid. Si la deja vacía, es la de la consulta, { $zone }.
account-zone-invalid = No conocemos esta zona horaria. Elija una de la lista, por ejemplo Europe/Madrid.
account-language = Idioma
account-language-hint = El de nuestros correos y de estas páginas, salvo que elija otro en ellas.
account-language-none = Sin elegir
account-save = Guardar los cambios

account-calendar = Sus citas en su calendario
account-calendar-sentence = Su programa de calendario puede mostrar sus citas y seguir sus cambios. Para ello se suscribe a una dirección creada solo para usted.
account-calendar-content = El programa conoce las horas y el nombre de la consulta. Cada entrada se llama «{ $title }» y lleva a una página de aquí, para la que tiene que iniciar sesión. No aparecen las citas sin pagar ni las canceladas, ni tampoco nombres ni importes.
account-calendar-add = Activar el calendario
account-calendar-added = El calendario está activado. Suscríbase ahora a su dirección.
account-calendar-address = Dirección del calendario
account-calendar-hint = Cualquiera que tenga esta dirección puede ver sus horas, así que no la comparta. Sigue siendo la misma si cambia su contraseña o su dirección de correo.
account-calendar-open = Abrir en el programa de calendario
account-calendar-copy = Copiar la dirección
account-calendar-copied = Copiada
account-calendar-by-hand = Si no se abre nada, copie la dirección e introdúzcala en su programa de calendario, donde se suscribe a un calendario o se añade uno de internet. Cuánto tarda en aparecer un cambio depende del programa; puede ser un día.
account-calendar-renew = Crear una dirección nueva
account-calendar-renew-sentence = Si otra persona ha averiguado la dirección, cree una nueva. La actual deja de funcionar al momento, y tiene que suscribirse de nuevo.
account-calendar-renewed = El calendario tiene una dirección nueva, y la anterior ya no funciona. Suscríbase de nuevo.
account-calendar-remove = Desactivar el calendario
account-calendar-removed = El calendario está desactivado, y su dirección ya no funciona. Puede eliminarlo en su programa de calendario.

account-email = Dirección de correo
account-email-change = Cambiar la dirección de correo
account-new-email = Nueva dirección de correo
account-email-same = Esta ya es su dirección.
account-email-button = Enviar un enlace a la nueva dirección
account-email-mailed = Hemos enviado un enlace a { $email }. Ábralo para confirmar la nueva dirección. Hasta entonces, su dirección actual no cambia.
account-current-password = Contraseña actual
account-confirm-hint = Para que nadie más cambie su dirección.
account-password-wrong = Esta contraseña es incorrecta.
account-code-wrong = Este código es incorrecto o ya se ha usado. Introduzca el que su aplicación muestra ahora.
account-too-many = Ha habido demasiados intentos incorrectos. Espere una hora.

account-password-set = Puede iniciar sesión con una contraseña.
account-password-none = Su cuenta todavía no tiene contraseña. Inicia sesión con un enlace que le enviamos por correo. Necesita una contraseña para cambiar su dirección de correo.
account-password-change = Cambiar la contraseña
account-password-button = Cambiar la contraseña
account-password-link = Enviar un enlace para establecer una contraseña
account-password-mailed = Hemos enviado un enlace a { $email }. Ábralo para establecer su contraseña.
account-password-first = Establecer una contraseña
account-password-first-button = Establecer la contraseña
account-password-expired = Puede establecer una contraseña en los diez minutos siguientes a abrir un enlace de un correo. Solicite un enlace nuevo.

account-second-factor-on = Activo desde el { $date }. Al iniciar sesión, pedimos también un código de su aplicación de autenticación.
account-second-factor-off = Inactivo. Con un segundo factor, para iniciar sesión hace falta un código de su teléfono además de la contraseña.
account-second-factor-add = Configurar un segundo factor
account-second-factor-remove = Eliminar el segundo factor
account-second-factor-due = Configure un segundo factor antes del { $date }. Después de esa fecha no podrá hacer nada más hasta que lo haya configurado.

account-sessions = Dónde ha iniciado sesión
account-sessions-sentence = Si no reconoce un dispositivo, cierre su sesión y cambie su contraseña. Las horas son las de { $zone }.
account-session-unknown = Dispositivo desconocido
account-session-this = Este dispositivo
account-session-times = Sesión iniciada el { $since }, usada por última vez el { $used }
account-session-end = Cerrar sesión
account-session-about = { $program }, sesión iniciada el { $since }
account-sessions-end = Cerrar sesión en todos los demás dispositivos

## The second factor

second-factor = Segundo factor
second-factor-set-up = Configurar un segundo factor
second-factor-required = Su cuenta necesita un segundo factor antes de que pueda continuar.
second-factor-sentence = Protege lo que está guardado sobre usted y otras personas, aunque alguien averigüe su contraseña.
second-factor-app = Necesita una aplicación de autenticación en su teléfono. Muestra un código que cambia cada 30 segundos y que pedimos al iniciar sesión.
second-factor-password-first = Su cuenta todavía no tiene contraseña. Establezca primero una.
second-factor-begin = Continuar
second-factor-scan = Escanee esta imagen con su aplicación de autenticación. Después introduzca el código que muestra la aplicación.
second-factor-qr = Código QR para su aplicación de autenticación
second-factor-open-app = Abrir la aplicación de autenticación en este dispositivo
second-factor-secret = Si no puede escanear la imagen, introduzca esta clave en la aplicación:
second-factor-confirm = Configurar el segundo factor
second-factor-code-again = Introduzca el código que su aplicación muestra ahora.
second-factor-again = Empezar de nuevo con otra imagen
second-factor-done = Su segundo factor está configurado.
second-factor-codes = Sus códigos de recuperación
second-factor-codes-sentence = Si pierde su teléfono, cada uno de estos códigos sustituye una vez a un código de la aplicación, junto con su contraseña.
second-factor-codes-once = No se volverán a mostrar. Imprímalos o anótelos, y guárdelos en un lugar seguro.
second-factor-codes-copy = Copiar los códigos
second-factor-codes-copied = Copiado
second-factor-codes-kept = He guardado los códigos
second-factor-remove = Eliminar el segundo factor
second-factor-on-sentence = Al iniciar sesión, pedimos también un código de su aplicación de autenticación. Si elimina el segundo factor, basta con su contraseña y los códigos de recuperación dejan de funcionar.
