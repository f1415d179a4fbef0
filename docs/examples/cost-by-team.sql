-- What each team pays, row by row: a label decides, and rows without one are nobody's.
-- cursor: export_time
SELECT
  t.export_time,
  t.usage_start_time,
  IFNULL((SELECT l.value FROM UNNEST(t.labels) AS l WHERE l.key = 'team'), 'nobody') AS team,
  t.service.description AS service,
  t.currency,
  t.cost
FROM {source} AS t
