-- One writer: numbers commit in order and are never given twice.
CREATE TABLE invalidations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX invalidations_by_time ON invalidations (at);

CREATE TRIGGER consent_events_no_update BEFORE UPDATE ON consent_events BEGIN SELECT RAISE(ABORT, 'consent_events is append-only'); END;
CREATE TRIGGER consent_events_no_delete BEFORE DELETE ON consent_events BEGIN SELECT RAISE(ABORT, 'consent_events is append-only'); END;
CREATE TRIGGER link_transitions_no_update BEFORE UPDATE ON link_transitions BEGIN SELECT RAISE(ABORT, 'link_transitions is append-only'); END;
CREATE TRIGGER link_transitions_no_delete BEFORE DELETE ON link_transitions BEGIN SELECT RAISE(ABORT, 'link_transitions is append-only'); END;
CREATE TRIGGER consent_texts_no_update BEFORE UPDATE ON consent_texts BEGIN SELECT RAISE(ABORT, 'consent_texts is append-only'); END;
CREATE TRIGGER consent_texts_no_delete BEFORE DELETE ON consent_texts BEGIN SELECT RAISE(ABORT, 'consent_texts is append-only'); END;

-- I3: whoever writes, no link becomes active but by its own consent, given. Whose and for which service is in the foreign key of links.
CREATE TRIGGER links_active_by_consent_on_insert BEFORE INSERT ON links
    WHEN NEW.state = 'active' AND NOT EXISTS (SELECT 1 FROM consents WHERE id = NEW.consent_id AND link_id = NEW.id
        AND recipient_id = NEW.service_id AND kind = 'link' AND state = 'given')
    BEGIN SELECT RAISE(ABORT, 'an active link needs its own consent, given'); END;
CREATE TRIGGER links_active_by_consent_on_update BEFORE UPDATE OF state, consent_id, service_id ON links
    WHEN NEW.state = 'active' AND NOT EXISTS (SELECT 1 FROM consents WHERE id = NEW.consent_id AND link_id = NEW.id
        AND recipient_id = NEW.service_id AND kind = 'link' AND state = 'given')
    BEGIN SELECT RAISE(ABORT, 'an active link needs its own consent, given'); END;
