-- The program of each login in a few words, so that a user recognises it.
ALTER TABLE login_sessions ADD COLUMN user_agent TEXT CHECK (length(user_agent) BETWEEN 1 AND 100);
