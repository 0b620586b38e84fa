### What differs for readers who are addressed with du.
