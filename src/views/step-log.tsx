import { Box, Text } from 'ink'

export interface StepLogProps {
  title: string
  lines: readonly string[]
  columns: number
  rows: number
}

/** The log of one step below its title. Lines come cut to the width. */
export function StepLog({ title, lines, columns, rows }: StepLogProps) {
  return (
    <Box width={columns} height={rows} flexShrink={0} flexDirection="column">
      <Text wrap="truncate-end">{title === '' ? ' ' : title}</Text>
      <Text wrap="truncate-end">{lines.map((line) => (line === '' ? ' ' : line)).join('\n')}</Text>
    </Box>
  )
}
