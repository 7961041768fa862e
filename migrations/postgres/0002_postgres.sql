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

-- I3: whoever writes, no link becomes active but by its own consent, given. Whose and for which service is in the foreign key of links.
CREATE FUNCTION refuse_unconsented_link() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM consents WHERE id = NEW.consent_id AND link_id = NEW.id AND recipient_id = NEW.service_id
        AND kind = 'link' AND state = 'given') THEN
        RAISE EXCEPTION 'an active link needs its own consent, given' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER links_active_by_consent BEFORE INSERT OR UPDATE OF state, consent_id, service_id ON links FOR EACH ROW
    WHEN (NEW.state = 'active') EXECUTE FUNCTION refuse_unconsented_link();
