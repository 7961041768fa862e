-- Everything but the invalidation feed and the append-only guards, which differ between the two databases.
-- Time is BIGINT unix milliseconds; structures are JSON text; ids are UUIDv7, the customer id is its own 60 bits.

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Partners ---------------------------------------------------------------------------------------------------------

CREATE TABLE sectors (
    id UUID PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE services (
    id UUID PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    sector_id UUID NOT NULL REFERENCES sectors (id),
    enabled BOOLEAN NOT NULL,
    epoch BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL,
    audience TEXT UNIQUE,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE TABLE service_versions (
    service_id UUID NOT NULL REFERENCES services (id),
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    applied_at BIGINT NOT NULL,
    PRIMARY KEY (service_id, version)
);

-- Each product domain has at most one owner.
CREATE TABLE service_domains (
    domain TEXT PRIMARY KEY,
    service_id UUID NOT NULL REFERENCES services (id)
);
CREATE INDEX service_domains_by_service ON service_domains (service_id);

CREATE TABLE clients (
    id UUID PRIMARY KEY,
    client_id TEXT NOT NULL UNIQUE,
    service_id UUID NOT NULL REFERENCES services (id),
    enabled BOOLEAN NOT NULL,
    epoch BIGINT NOT NULL DEFAULT 0,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX clients_by_service ON clients (service_id);

CREATE TABLE client_secrets (
    id UUID PRIMARY KEY,
    client_key UUID NOT NULL REFERENCES clients (id),
    digest BYTEA NOT NULL CHECK (length(digest) = 32),
    created_at BIGINT NOT NULL,
    ends_at BIGINT
);
CREATE INDEX client_secrets_by_client ON client_secrets (client_key);

CREATE TABLE catalog_versions (
    sha256 BYTEA PRIMARY KEY,
    document TEXT NOT NULL,
    applied_at BIGINT NOT NULL
);

-- Immutable, content-addressed: what a person read when they decided.
CREATE TABLE consent_texts (
    sha256 BYTEA PRIMARY KEY CHECK (length(sha256) = 32),
    code TEXT NOT NULL,
    version BIGINT NOT NULL,
    lang TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (code, version, lang)
);

-- Customers --------------------------------------------------------------------------------------------------------

CREATE TABLE customers (
    id BIGINT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('minted', 'light', 'active', 'locked', 'merged', 'erasing', 'erased')),
    epoch BIGINT NOT NULL DEFAULT 0,
    registered_in UUID REFERENCES services (id),
    locale TEXT NOT NULL,
    chain_number BIGINT NOT NULL DEFAULT 0,
    chain_head BYTEA,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Apart from the customer, because erasure destroys the key and keeps the row.
CREATE TABLE customer_keys (
    customer_id BIGINT PRIMARY KEY REFERENCES customers (id),
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE identifiers (
    id UUID PRIMARY KEY,
    customer_id BIGINT NOT NULL REFERENCES customers (id),
    kind TEXT NOT NULL CHECK (kind IN ('email', 'phone', 'login')),
    usage TEXT NOT NULL CHECK (usage IN ('login', 'contact')),
    blind_index BYTEA NOT NULL CHECK (length(blind_index) = 32),
    sealed BYTEA NOT NULL,
    verified_at BIGINT,
    valid_from BIGINT NOT NULL,
    valid_to BIGINT
);
CREATE INDEX identifiers_by_customer ON identifiers (customer_id);
CREATE UNIQUE INDEX identifiers_one_login ON identifiers (kind, blind_index)
    WHERE usage = 'login' AND verified_at IS NOT NULL AND valid_to IS NULL;

CREATE TABLE passwords (
    customer_id BIGINT PRIMARY KEY REFERENCES customers (id),
    phc TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE TABLE profile_values (
    customer_id BIGINT NOT NULL REFERENCES customers (id),
    claim TEXT NOT NULL,
    source_service UUID REFERENCES services (id),
    sealed BYTEA NOT NULL,
    observed_at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, claim)
);

CREATE TABLE pairwise_subjects (
    sector_id UUID NOT NULL REFERENCES sectors (id),
    customer_id BIGINT NOT NULL REFERENCES customers (id),
    sub TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, sector_id)
);
CREATE UNIQUE INDEX pairwise_subjects_by_sub ON pairwise_subjects (sub);

-- Signing in -------------------------------------------------------------------------------------------------------

CREATE TABLE sessions (
    id UUID PRIMARY KEY,
    digest BYTEA NOT NULL UNIQUE CHECK (length(digest) = 32),
    customer_id BIGINT NOT NULL REFERENCES customers (id),
    customer_epoch BIGINT NOT NULL,
    auth_time BIGINT NOT NULL,
    acr TEXT NOT NULL,
    amr TEXT NOT NULL,
    device TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX sessions_by_customer ON sessions (customer_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE flows (
    id UUID PRIMARY KEY,
    browser BYTEA NOT NULL CHECK (length(browser) = 32),
    client_key UUID REFERENCES clients (id),
    request BYTEA NOT NULL,
    facts BYTEA NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX flows_by_expiry ON flows (expires_at);

CREATE TABLE pushed_requests (
    digest BYTEA PRIMARY KEY CHECK (length(digest) = 32),
    client_key UUID NOT NULL REFERENCES clients (id),
    request BYTEA NOT NULL,
    flow_id UUID REFERENCES flows (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX pushed_requests_by_expiry ON pushed_requests (expires_at);
CREATE INDEX pushed_requests_by_flow ON pushed_requests (flow_id) WHERE flow_id IS NOT NULL;

CREATE TABLE one_time_codes (
    flow_id UUID NOT NULL REFERENCES flows (id),
    purpose TEXT NOT NULL,
    target BYTEA NOT NULL CHECK (length(target) = 32),
    digest BYTEA NOT NULL CHECK (length(digest) = 32),
    tries BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (flow_id, purpose)
);
CREATE INDEX one_time_codes_by_expiry ON one_time_codes (expires_at);

-- Tries at secrets, counted where a flush cannot forget them. One row per kind and subject, one window at a time.
CREATE TABLE tries (
    kind TEXT NOT NULL,
    subject BYTEA NOT NULL CHECK (length(subject) = 32),
    window_start BIGINT NOT NULL,
    count BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (kind, subject)
);
CREATE INDEX tries_by_expiry ON tries (expires_at);

CREATE TABLE used_assertions (
    issuer TEXT NOT NULL,
    jti BYTEA NOT NULL CHECK (length(jti) = 32),
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, jti)
);
CREATE INDEX used_assertions_by_expiry ON used_assertions (expires_at);

-- Links and consents -----------------------------------------------------------------------------------------------

-- A customer at a service. Its epoch is bumped by every ending of a link or of the sign-in consent there.
CREATE TABLE connections (
    customer_id BIGINT NOT NULL REFERENCES customers (id),
    service_id UUID NOT NULL REFERENCES services (id),
    epoch BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (customer_id, service_id)
);

-- Counts every change of consent or link that a sector may notice (conventions 3).
CREATE TABLE consent_epochs (
    customer_id BIGINT NOT NULL REFERENCES customers (id),
    sector_id UUID NOT NULL REFERENCES sectors (id),
    epoch BIGINT NOT NULL,
    PRIMARY KEY (customer_id, sector_id)
);

CREATE TABLE evidence (
    id UUID PRIMARY KEY,
    link_id UUID NOT NULL,
    customer_id BIGINT NOT NULL REFERENCES customers (id),
    level TEXT NOT NULL CHECK (level IN ('L0', 'L1', 'L2', 'L3', 'L4', 'A1')),
    method TEXT NOT NULL,
    acr TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    document BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (id, link_id, customer_id)
);

CREATE TABLE consents (
    id UUID PRIMARY KEY,
    customer_id BIGINT NOT NULL REFERENCES customers (id),
    kind TEXT NOT NULL CHECK (kind IN ('sign_in', 'link', 'share')),
    recipient_id UUID NOT NULL REFERENCES services (id),
    scope TEXT NOT NULL,
    domain TEXT NOT NULL,
    link_id UUID,
    agreement TEXT NOT NULL,
    agreement_version BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('given', 'refused', 'withdrawn', 'expired', 'terminated')),
    since BIGINT NOT NULL,
    valid_until BIGINT NOT NULL,
    ended_at BIGINT,
    CHECK ((kind = 'link') = (link_id IS NOT NULL)),
    UNIQUE (id, link_id, customer_id, recipient_id)
);
CREATE INDEX consents_by_customer ON consents (customer_id, recipient_id);
CREATE INDEX consents_by_expiry ON consents (valid_until) WHERE state = 'given';
CREATE UNIQUE INDEX consents_one_given ON consents (customer_id, recipient_id, kind, scope) WHERE state = 'given' AND kind <> 'link';

-- Append-only: the customer's chain. Record and salt are sealed under the customer's key, the commitment is not.
CREATE TABLE consent_events (
    id UUID PRIMARY KEY,
    customer_id BIGINT NOT NULL REFERENCES customers (id),
    number BIGINT NOT NULL,
    consent_id UUID NOT NULL REFERENCES consents (id),
    kind TEXT NOT NULL CHECK (kind IN ('requested', 'deferred', 'given', 'renewed', 'refused', 'withdrawn', 'expired', 'terminated',
        'invalidated', 'opt_out')),
    at BIGINT NOT NULL,
    record BYTEA NOT NULL,
    salt BYTEA NOT NULL,
    commitment BYTEA NOT NULL CHECK (length(commitment) = 32),
    previous_hash BYTEA NOT NULL CHECK (length(previous_hash) = 32),
    UNIQUE (customer_id, number)
);
CREATE INDEX consent_events_by_consent ON consent_events (consent_id);

CREATE TABLE links (
    id UUID PRIMARY KEY,
    service_id UUID NOT NULL REFERENCES services (id),
    customer_id BIGINT NOT NULL REFERENCES customers (id),
    state TEXT NOT NULL CHECK (state IN ('suggested', 'pending_proof', 'pending_consent', 'pending_activation', 'active', 'suspended', 'disputed',
        'rejected', 'declined', 'expired', 'withdrawn', 'unlinked', 'moved', 'merged')),
    version BIGINT NOT NULL,
    local_account BYTEA,
    local_account_index BYTEA CHECK (local_account_index IS NULL OR length(local_account_index) = 32),
    multi_account BOOLEAN NOT NULL,
    consent_id UUID,
    evidence_id UUID,
    successor_link_id UUID REFERENCES links (id),
    reason TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    activated_at BIGINT,
    ended_at BIGINT,
    -- A link is made with its own consent and its own evidence, of the same customer and for the same service: no row can borrow
    -- another's (I3). That the consent is given when the link becomes active is for the triggers of 0002.
    FOREIGN KEY (consent_id, id, customer_id, service_id) REFERENCES consents (id, link_id, customer_id, recipient_id),
    FOREIGN KEY (evidence_id, id, customer_id) REFERENCES evidence (id, link_id, customer_id),
    CHECK (state NOT IN ('active', 'suspended', 'pending_activation')
        OR (consent_id IS NOT NULL AND evidence_id IS NOT NULL AND local_account IS NOT NULL AND local_account_index IS NOT NULL)),
    CHECK (state <> 'active' OR activated_at IS NOT NULL),
    CHECK (state NOT IN ('moved', 'merged') OR successor_link_id IS NOT NULL),
    CHECK (state <> 'suspended' OR reason IS NOT NULL)
);
CREATE INDEX links_by_customer ON links (customer_id, service_id);
CREATE UNIQUE INDEX links_one_holder ON links (service_id, local_account_index) WHERE state IN ('active', 'suspended');
CREATE UNIQUE INDEX links_one_account ON links (service_id, customer_id) WHERE state IN ('active', 'suspended') AND NOT multi_account;
CREATE UNIQUE INDEX links_one_pending ON links (service_id, local_account_index)
    WHERE state IN ('pending_proof', 'pending_consent', 'pending_activation');
CREATE UNIQUE INDEX links_one_suggestion ON links (service_id, local_account_index, customer_id) WHERE state = 'suggested';
CREATE INDEX links_by_expiry ON links (expires_at) WHERE expires_at IS NOT NULL;

-- Append-only.
CREATE TABLE link_transitions (
    link_id UUID NOT NULL REFERENCES links (id),
    version BIGINT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT,
    consent_event_id UUID REFERENCES consent_events (id),
    evidence_id UUID REFERENCES evidence (id),
    at BIGINT NOT NULL,
    PRIMARY KEY (link_id, version)
);

-- Grants and tokens ------------------------------------------------------------------------------------------------

CREATE TABLE grants (
    id UUID PRIMARY KEY,
    customer_id BIGINT NOT NULL REFERENCES customers (id),
    client_key UUID NOT NULL REFERENCES clients (id),
    session_id UUID REFERENCES sessions (id),
    offline BOOLEAN NOT NULL,
    customer_epoch BIGINT NOT NULL,
    client_epoch BIGINT NOT NULL,
    service_epoch BIGINT NOT NULL,
    connection_epoch BIGINT NOT NULL,
    sign_in_consent UUID NOT NULL REFERENCES consents (id),
    resources TEXT NOT NULL,
    claims TEXT,
    acr TEXT NOT NULL,
    amr TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT
);
CREATE INDEX grants_by_customer ON grants (customer_id) WHERE ended_at IS NULL;
CREATE INDEX grants_by_session ON grants (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX grants_by_client ON grants (client_key, id) WHERE ended_at IS NULL;
CREATE INDEX grants_by_end ON grants (ended_at) WHERE ended_at IS NOT NULL;

-- What a grant holds, in the order tokens count it; each names what carries it.
CREATE TABLE grant_items (
    grant_id UUID NOT NULL REFERENCES grants (id),
    position BIGINT NOT NULL CHECK (position BETWEEN 0 AND 62),
    scope TEXT NOT NULL,
    consent_id UUID NOT NULL REFERENCES consents (id),
    owner_id UUID REFERENCES services (id),
    owner_epoch BIGINT,
    owner_link_id UUID REFERENCES links (id),
    owner_connection_epoch BIGINT,
    PRIMARY KEY (grant_id, position),
    CHECK ((owner_id IS NULL) = (owner_link_id IS NULL) AND (owner_id IS NULL) = (owner_epoch IS NULL)
        AND (owner_id IS NULL) = (owner_connection_epoch IS NULL))
);

CREATE TABLE codes (
    digest BYTEA PRIMARY KEY CHECK (length(digest) = 32),
    grant_id UUID NOT NULL UNIQUE REFERENCES grants (id),
    flow_id UUID NOT NULL UNIQUE REFERENCES flows (id),
    client_key UUID NOT NULL REFERENCES clients (id),
    request BYTEA NOT NULL,
    link_id UUID REFERENCES links (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX codes_by_expiry ON codes (expires_at);

CREATE TABLE families (
    id UUID PRIMARY KEY,
    grant_id UUID NOT NULL UNIQUE REFERENCES grants (id),
    generation BIGINT NOT NULL,
    nonce BYTEA NOT NULL CHECK (length(nonce) = 16),
    previous_nonce BYTEA CHECK (previous_nonce IS NULL OR length(previous_nonce) = 16),
    rotated_at BIGINT NOT NULL,
    idle_until BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX families_by_expiry ON families (idle_until);

-- Revoked access tokens, until they would have expired anyway. `holder` is the grant, or the client for client_credentials.
CREATE TABLE token_revocations (
    token_id UUID PRIMARY KEY,
    holder UUID NOT NULL,
    revoked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX token_revocations_by_holder ON token_revocations (holder);
CREATE INDEX token_revocations_by_expiry ON token_revocations (expires_at);

-- The house --------------------------------------------------------------------------------------------------------

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'retired', 'destroyed')),
    public_jwk TEXT NOT NULL,
    wrapped BYTEA,
    created_at BIGINT NOT NULL,
    activates_at BIGINT NOT NULL,
    retired_at BIGINT,
    destroyed_at BIGINT
);
CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (algorithm) WHERE state = 'active';

CREATE TABLE outbox (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL,
    customer_id BIGINT REFERENCES customers (id),
    payload BYTEA NOT NULL,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    sent_at BIGINT,
    given_up_at BIGINT
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE sent_at IS NULL AND given_up_at IS NULL;
-- Each kind is a line of its own: nobody waits behind, or looks through, another's.
CREATE INDEX outbox_lines ON outbox (kind, due_at, id) WHERE sent_at IS NULL AND given_up_at IS NULL;
CREATE INDEX outbox_over ON outbox (created_at) WHERE sent_at IS NOT NULL OR given_up_at IS NOT NULL;

-- Security and identity events, without personal data.
CREATE TABLE events (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL,
    customer_id BIGINT REFERENCES customers (id),
    service_id UUID REFERENCES services (id),
    actor TEXT NOT NULL,
    detail TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX events_by_customer ON events (customer_id, at);
CREATE INDEX events_by_time ON events (at);

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder UUID NOT NULL,
    until BIGINT NOT NULL
);
