-- Spreads the tables that grow with shoppers over the workers of a Citus cluster, by the user, so that all that is one
-- shopper's lies together. To be run once, after `wishkeep migrate`, on the coordinator, while the service stands
-- still: psql --single-transaction --set ON_ERROR_STOP=1 --file distribute.sql. What it costs is in docs/scale.md.
--
-- Distributed by user_id, together: favourite, favourite_summary, favourite_update, favourite_alert,
--   removed_favourite, notification_preference, shopper_offer_state, user_collection, user_collection_item.
-- On every worker: setting, which statements about shoppers read.
-- On the coordinator stays whatever is unique without the user, and whatever belongs to guests too:
--   users (an address, a subject of an issuer, a uuid), email_address (its triggers are those of users),
--   credential (found by its digest), erasure (read to restore what was erased), push_subscription (an endpoint),
--   basket and basket_item (guests have no user), offer_redemption and bulk_voucher_code (a code is redeemed once),
--   basket_offer and promotions_loyaltycard (campaigns), product_alert (guests' addresses), delivery (a dedupe key),
--   orders_order, orders_transaction, address_address, loyalty_account, loyalty_transaction,
--   socialaccount_socialaccount (other systems' rows, named by their own ids), audit_event and revision (by time);
--   and the whole catalogue with its log, which imports change in single statements.

-- A distributed table may not refer to one of the coordinator's. Who deletes a user's row deletes theirs here as well.
ALTER TABLE favourite DROP CONSTRAINT fk_favourite_user_id_users, DROP CONSTRAINT fk_favourite_product_id_product;
ALTER TABLE favourite_summary DROP CONSTRAINT fk_favourite_summary_user_id_users;
ALTER TABLE favourite_update DROP CONSTRAINT fk_favourite_update_user_id_users;
ALTER TABLE favourite_alert DROP CONSTRAINT fk_favourite_alert_user_id_users;
ALTER TABLE removed_favourite DROP CONSTRAINT fk_removed_favourite_user_id_users;
ALTER TABLE notification_preference DROP CONSTRAINT fk_notification_preference_user_id_users;
ALTER TABLE shopper_offer_state DROP CONSTRAINT fk_shopper_offer_state_user_id_users;
ALTER TABLE user_collection DROP CONSTRAINT fk_user_collection_user_id_users;
ALTER TABLE user_collection_item DROP CONSTRAINT fk_user_collection_item_product_id_product;
-- One that lies within the user's own comes back below, when both tables are distributed.
ALTER TABLE user_collection_item DROP CONSTRAINT fk_user_collection_item_user_id_user_collection;

-- A unique key must have the user in it. The sequence still gives each id once; ids that are fed are the feeder's care.
DROP INDEX uq_favourite_id;
CREATE INDEX ix_favourite_id ON favourite (id);

-- Triggers run on the workers, whose transaction ids are their own, and which don't have the tombstones' table: pulls
-- of favourites by mark end here, and their deletes are no longer in deleted-items.
DROP TRIGGER stamp_changed_xid ON favourite;
DROP TRIGGER leave_tombstones ON favourite;

SELECT create_reference_table('setting');
SELECT create_distributed_table('favourite', 'user_id');
SELECT create_distributed_table('favourite_summary', 'user_id', colocate_with => 'favourite');
SELECT create_distributed_table('favourite_update', 'user_id', colocate_with => 'favourite');
SELECT create_distributed_table('favourite_alert', 'user_id', colocate_with => 'favourite');
SELECT create_distributed_table('removed_favourite', 'user_id', colocate_with => 'favourite');
SELECT create_distributed_table('notification_preference', 'user_id', colocate_with => 'favourite');
SELECT create_distributed_table('shopper_offer_state', 'user_id', colocate_with => 'favourite');
SELECT create_distributed_table('user_collection', 'user_id', colocate_with => 'favourite');
SELECT create_distributed_table('user_collection_item', 'user_id', colocate_with => 'favourite');

ALTER TABLE user_collection_item ADD CONSTRAINT fk_user_collection_item_user_id_user_collection
    FOREIGN KEY (user_id, collection_id) REFERENCES user_collection (user_id, id) ON DELETE CASCADE;
