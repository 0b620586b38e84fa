### The pages of therapists.

tab-today = Aujourd’hui
therapists-only = Réservé aux thérapeutes
therapists-only-sentence = Cette page est réservée aux thérapeutes du cabinet.

## The day

today-title = Aujourd’hui, { $day }
today-therapists = Agenda de
today-day = La journée
today-nothing = Il n’y a ni rendez-vous ni horaire libre ce jour-là.
today-before = Jour précédent
today-after = Jour suivant
today-today = Aujourd’hui
today-waiting = Attend maintenant
today-who-waits = Attend maintenant : { $clients }
today-in-room = Dans la salle
today-since = depuis { $time }
today-about = { $client }, { $time }
today-range = { $from }–{ $to }
today-join = Rejoindre la salle
today-complete = A eu lieu
today-no-show = Absence
today-reopen = Rétablir
today-free = libre
today-changed = Ce rendez-vous a changé entre-temps. Voici la journée telle qu’elle est maintenant.
