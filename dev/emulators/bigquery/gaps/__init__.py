"""What bqemulator 1.4.0 answers differently from the BigQuery documentation, closed one rule per module."""
