### What differs for readers who are addressed with du. A message replaces the German one of the same
### name, with all its attributes.

calendar-entry =
    .title = Dein Termin
    .join = Um teilzunehmen, öffne den Link in deiner E-Mail.
    .cancelled = Dieser Termin wurde abgesagt.
    .reassigned = Eine Kollegin oder ein Kollege übernimmt diesen Termin.
