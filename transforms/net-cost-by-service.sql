-- One row per export row: what it costs after credits, and where it belongs. An example of a transform: org set acme --transform sql:net-cost-by-service
-- cursor: export_time
SELECT
  t.export_time,
  t.usage_start_time,
  t.project.id AS project_id,
  t.service.description AS service,
  t.sku.id AS sku_id,
  t.currency,
  t.cost,
  t.cost + IFNULL((SELECT SUM(c.amount) FROM UNNEST(t.credits) AS c), 0) AS net_cost
FROM {source} AS t
