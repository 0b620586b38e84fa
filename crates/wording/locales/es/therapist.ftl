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
