### The pages of therapists.

tab-today = Today
therapists-only = For therapists
therapists-only-sentence = This page is for the therapists of the practice.

## The day

today-title = Today, { $day }
today-therapists = Whose day
today-day = The day
today-nothing = There are no appointments and no free times on this day.
today-before = The day before
today-after = The day after
today-today = Today
today-waiting = Waiting now
today-who-waits = Waiting now: { $clients }
today-in-room = In the room
today-since = since { $time }
today-about = { $client }, { $time }
today-range = { $from }–{ $to }
today-join = Join
today-complete = Took place
today-no-show = No-show
today-reopen = Undo
today-free = free
today-changed = This appointment has changed in the meantime. This is the day as it is now.
