-- Stands in for Citus: distributes nothing, and refuses what its documentation says that it refuses.

CREATE TABLE citus_table (relation regclass PRIMARY KEY, kind text NOT NULL, distributed_by text, together_with regclass);

CREATE FUNCTION refuse_unless(holds boolean, complaint text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF holds IS NOT TRUE THEN RAISE EXCEPTION '%', complaint; END IF;
END $$;

CREATE FUNCTION column_number(relation regclass, name text) RETURNS smallint LANGUAGE sql STABLE AS $$
    SELECT attnum FROM pg_attribute WHERE attrelid = relation AND attname = name AND NOT attisdropped
$$;

-- A reference between two tables is allowed when every worker can check it by itself.
CREATE FUNCTION refuse_foreign_keys(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    link record;
BEGIN
    FOR link IN
        SELECT key.conname, key.conkey, key.confkey, key.confdeltype, key.confupdtype,
               coalesce(child.kind, 'local') AS from_kind, coalesce(parent.kind, 'local') AS to_kind,
               child.together_with = parent.together_with AS are_together,
               array_position(key.conkey, column_number(key.conrelid, child.distributed_by)) AS from_place,
               array_position(key.confkey, column_number(key.confrelid, parent.distributed_by)) AS to_place
        FROM pg_constraint AS key
        LEFT JOIN citus_table AS child ON child.relation = key.conrelid
        LEFT JOIN citus_table AS parent ON parent.relation = key.confrelid
        WHERE key.contype = 'f' AND refuse_foreign_keys.relation IN (key.conrelid, key.confrelid)
    LOOP
        PERFORM refuse_unless(
            CASE
                WHEN link.to_kind = 'reference' THEN true
                WHEN link.from_kind = 'local' THEN link.to_kind = 'local'
                WHEN link.from_kind = 'reference' THEN
                    link.to_kind = 'local' AND link.confdeltype <> 'c' AND link.confupdtype <> 'c'
                ELSE link.to_kind = 'distributed' AND link.are_together AND link.from_place = link.to_place
                     AND link.confdeltype NOT IN ('n', 'd')
            END,
            format('foreign key %s from a %s to a %s table', link.conname, link.from_kind, link.to_kind));
    END LOOP;
END $$;

CREATE FUNCTION refuse_what_no_table_may(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_unless(
        NOT EXISTS (SELECT FROM citus_table WHERE citus_table.relation = refuse_what_no_table_may.relation),
        format('table %s is already distributed', relation));
    PERFORM refuse_unless(
        NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation AND NOT tgisinternal),
        format('cannot distribute relation %s because it has triggers', relation));
    PERFORM refuse_unless(
        NOT EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = relation AND attidentity <> '' AND atttypid <> 'bigint'::regtype),
        format('identity of %s is not a bigint', relation));
END $$;

CREATE FUNCTION create_reference_table(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_what_no_table_may(relation);
    PERFORM refuse_unless(
        (SELECT relkind = 'r' AND NOT relispartition FROM pg_class WHERE oid = relation),
        'distributing partitioned tables is only supported for hash-distributed tables');
    INSERT INTO citus_table VALUES (relation, 'reference');
    PERFORM refuse_foreign_keys(relation);
END $$;

CREATE FUNCTION create_distributed_table(relation regclass, distribution_column text, colocate_with text DEFAULT '')
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    number smallint := column_number(relation, distribution_column);
    others regclass := CASE WHEN colocate_with = '' THEN relation ELSE colocate_with::regclass END;
BEGIN
    PERFORM refuse_what_no_table_may(relation);
    PERFORM refuse_unless(number IS NOT NULL, format('column %s of %s does not exist', distribution_column, relation));
    PERFORM refuse_unless(
        (SELECT attnotnull FROM pg_attribute WHERE attrelid = relation AND attnum = number),
        format('cannot perform an INSERT with NULL in the partition column of %s', relation));
    PERFORM refuse_unless(
        NOT EXISTS (
            SELECT FROM pg_index WHERE indrelid = relation AND (indisunique OR indisexclusion)
            AND array_position(indkey::smallint[], number) IS NULL),
        format('cannot create constraint on %s: the distribution column is not in it', relation));
    PERFORM refuse_unless(
        others = relation
        OR (SELECT kind = 'distributed' AND (
                SELECT atttypid FROM pg_attribute WHERE attrelid = others AND attname = distributed_by
            ) = (SELECT atttypid FROM pg_attribute WHERE attrelid = create_distributed_table.relation AND attnum = number)
            FROM citus_table WHERE citus_table.relation = others),
        format('cannot colocate tables %s and %s', others, relation));
    INSERT INTO citus_table VALUES (relation, 'distributed', distribution_column, others);
    PERFORM refuse_foreign_keys(relation);
END $$;
