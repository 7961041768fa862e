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
