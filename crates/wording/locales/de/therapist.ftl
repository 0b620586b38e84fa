### The pages of therapists.

tab-today = Heute
therapists-only = Für Therapeutinnen und Therapeuten
therapists-only-sentence = Diese Seite ist für die Therapeutinnen und Therapeuten der Praxis.

## The day

today-title = Heute, { $day }
today-therapists = Wessen Tag
today-day = Der Tag
today-nothing = An diesem Tag gibt es keine Termine und keine freien Zeiten.
today-before = Vorheriger Tag
today-after = Nächster Tag
today-today = Heute
today-waiting = Wartet jetzt
today-who-waits = Jetzt wartet: { $clients }
today-in-room = Im Raum
today-since = seit { $time } Uhr
today-about = { $client }, { $time }
today-range = { $from }–{ $to }
today-join = Zum Gespräch
today-complete = Stattgefunden
today-no-show = Nicht erschienen
today-reopen = Rückgängig machen
today-free = frei
today-changed = Dieser Termin hat sich inzwischen geändert. So sieht der Tag jetzt aus.
