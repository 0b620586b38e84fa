DROP TABLE payment_problems;
DROP TABLE payment_events;
DROP TABLE ledger;
DROP FUNCTION ledger_balances();
DROP FUNCTION ledger_is_append_only();
DROP TABLE refunds;
DROP FUNCTION refunds_within_payment();
-- The tables before knew no mails about money.
DELETE FROM outbox WHERE kind IN ('receipt', 'payment_problem', 'refund');

-- An attempt was open until it was settled or closed, whatever else is known about it.
DROP INDEX payments_due;
DROP INDEX payments_charge;
UPDATE payments SET state = CASE state WHEN 'surplus' THEN 'settled' ELSE 'open' END
WHERE state NOT IN ('open', 'settled', 'closed');
ALTER TABLE payments
    DROP COLUMN check_at,
    DROP COLUMN charge,
    DROP COLUMN expires_at,
    DROP COLUMN nonce,
    DROP CONSTRAINT payments_state_check,
    ADD CONSTRAINT payments_state_check CHECK (state IN ('open', 'settled', 'closed'));
