# Translated from English.
