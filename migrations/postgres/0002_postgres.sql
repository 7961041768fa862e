-- Numbers commit out of order here, so a row carries its transaction and a poll reads from the oldest one still running (conventions 8).
CREATE TABLE invalidations (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid XID8 NOT NULL DEFAULT pg_current_xact_id(),
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX invalidations_by_xid ON invalidations (xid);
CREATE INDEX invalidations_by_time ON invalidations (at);

CREATE FUNCTION refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER consent_events_append_only BEFORE UPDATE OR DELETE ON consent_events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER link_transitions_append_only BEFORE UPDATE OR DELETE ON link_transitions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consent_texts_append_only BEFORE UPDATE OR DELETE ON consent_texts FOR EACH ROW EXECUTE FUNCTION refuse_change();
