-- Whether an edition is being withdrawn by this transaction; only then may what it wrote be taken back.
CREATE OR REPLACE FUNCTION is_being_withdrawn(which integer) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM edition_withdrawal w WHERE w.number = which AND w.withdrawn_at = transaction_timestamp());
