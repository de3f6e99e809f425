-- Batches of clicks that are in the tables above: one that comes again is not counted again.
CREATE TABLE IF NOT EXISTS click_batches (
  id CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  written_at DATETIME NOT NULL COMMENT 'UTC',
  PRIMARY KEY (id),
  KEY written (written_at)
) ENGINE = InnoDB;
