CREATE TABLE view_payments_g{generation} (
    member              text    NOT NULL,
    transaction_number  text    NOT NULL,
    sequence            bigint  NOT NULL,
    item                text    NOT NULL,
    amount_yen          bigint  NOT NULL,
    paid_on             text    NOT NULL,
    retracted           bigint  NOT NULL,
    PRIMARY KEY (member, transaction_number)
);
CREATE TABLE view_payment_confirmations_g{generation} (
    application         text    NOT NULL,
    transaction_number  text    NOT NULL,
    sequence            bigint  NOT NULL,
    item                text    NOT NULL,
    amount_yen          bigint  NOT NULL,
    reversed            bigint  NOT NULL,
    PRIMARY KEY (application, transaction_number)
);
CREATE INDEX view_payment_confirmations_g{generation}_transaction ON view_payment_confirmations_g{generation} (transaction_number);
