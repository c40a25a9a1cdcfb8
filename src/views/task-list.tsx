import { Box, Text } from 'ink'

/** The tasks of all runs, one a line. */
export function TaskList({ lines, columns, rows }: { lines: readonly string[]; columns: number; rows: number }) {
  return (
    <Box width={columns} height={rows} flexShrink={0}>
      <Text wrap="truncate-end">{lines.join('\n')}</Text>
    </Box>
  )
}
